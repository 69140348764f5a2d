"""Two hundred `where` clauses that nobody means well with."""

from typing import Final

_TARGETS: Final = ["lead_person", "row_public", "row_project_id", "geom_survey", "annual_plan_yuan", "f.lead_person", "ctid",
                   "xmin", "tableoid", "current_user", "version", "pg_class", "project.lead_person", "f.*", "*"]  # fmt: skip
_CALLS: Final = ["pg_sleep(5)", "pg_read_file('/etc/passwd')", "current_setting('server_version')", "version()", "lo_import('/etc/passwd')",
                 "dblink('x')", "query_to_xml('select 1',true,true,'')", "pg_ls_dir('.')", "inet_server_addr()", "random()",
                 "nextval('project_id_seq')", "set_config('role','postgres',false)", "xmlparse(document 'x')", "generate_series(1,1e9)",
                 "repeat('a',1000000000)", "md5('a')", "chr(39)", "ascii('a')", "to_char(1,'9')", "regexp_replace('a','a','b')"]  # fmt: skip
_SHAPES: Final = [
    "{} IS NOT NULL",
    "{} = '1'",
    "UPPER({}) LIKE '%A%'",
    "{} IN ('a')",
    "1=1 OR {} = 1",
    "NOT {} = 'x'",
]
_PLAIN: Final = [
    "1=1; DROP TABLE project", "1=1;--", "1=1 --", "1=1/*", "1=1 */", "1=1 UNION SELECT 1", "1=1) OR (1=1", "'", "''", "'''", '"', '""',
    "name = '\\'", "name = '\\''", "name = 'a' OR 1=1; SELECT 1", "name = E'\\x27'", "name = $$a$$", "name = $1", "name = %(at)s", "name = '%(at)s'",
    "name = '%s'", "name LIKE '%s%d%(x)s'", "name = :name", "name = ?", "name = @x", "name = {0}", "name = ${jndi:ldap://x}", "name ~ 'a'",
    "name ~* '(a+)+$'", "name SIMILAR TO 'a'", "name ILIKE 'a'", "name::int = 1", "name COLLATE \"C\" = 'a'", "name IS DISTINCT FROM 'a'",
    "name = ANY('{a}')", "name = (SELECT lead_person FROM project LIMIT 1)", "EXISTS(SELECT 1 FROM project)", "CASE WHEN 1=1 THEN 1 END = 1",
    "(SELECT 1) = 1", "ROW(1,2) = ROW(1,2)", "ARRAY[1] = ARRAY[1]", "name = ''' OR ''1''=''1'", "name LIKE '\\'", "name LIKE '%\\'", "name LIKE '!' ESCAPE '!'",
    "name LIKE 'a' ESCAPE ''", "name LIKE 'a' ESCAPE '\\'", "name LIKE 'a' ESCAPE '''", "name LIKE '" + "%" * 3000 + "'", "name LIKE '" + "%a" * 1000 + "'",
    "OBJECTID = 99999999999999999999", "OBJECTID = -99999999999999999999", "OBJECTID = 1e308", "OBJECTID = 1.5", "OBJECTID = '1'", "OBJECTID IN (1e30)",
    "OBJECTID = 2147483648", "OBJECTID = 9223372036854775807", "OBJECTID = 9223372036854775808", "OBJECTID / 0 = 1", "1/0 = 1", "progress / (progress - progress) = 1",
    "progress * 1e29 * 1e29 * 1e29 > 1", "progress = NULL", "NULL", "NULL = NULL", "NOT NULL", "IS NULL", "TRUE", "FALSE", "NOT", "AND", "OR",
    "1", "1=", "=1", "()", "((", "))", "(((((", "1=1 AND", "AND 1=1", "1=1 1=1", "name", "name =", "name name", "name = name", "BETWEEN", "IN", "IN ()",
    "name IN ()", "name IN (", "name IN ('a'", "name IN ('a',)", "name IN (SELECT 1)", "name BETWEEN 'a' AND", "plan_start = DATE ''", "plan_start = DATE '0000-00-00'",
    "plan_start = DATE '99999-01-01'", "plan_start = TIMESTAMP '2025-13-01 00:00:00'", "plan_start = TIMESTAMP '2025-01-01 25:00:00'", "plan_start > DATE 'infinity'",
    "plan_start > 'now'", "plan_start > CURRENT_DATE - INTERVAL '99999999999' DAY", "plan_start > CURRENT_DATE + INTERVAL '1e308' DAY", "plan_start > CURRENT_DATE * 2",
    "plan_start > CURRENT_TIMESTAMP - INTERVAL '1' YEAR", "updated_at < TIMESTAMP '9999-12-31 23:59:59'", "updated_at > TIMESTAMP '0001-01-01 00:00:00'",
    "updated_at > DATE '0001-01-01' - 5", "name = '\x01\x02'", "name = '\u202e\u2066'", "name = '\ufeff'", "name = '𠮷'", "ｎａｍｅ = 'a'", "nаme = 'a'", "name = ‘a’", "名称 = 'a'",
    "name\u00a0=\u00a0'a'", "name\n=\n'a'", "name\t=\t'a'", "\x0b1=1", "1=1\x00", "name = 'a\x00b'", "('a', 'b') = ('a', 'b')", "name||lead_person = 'a'", "'a'||'b' = 'ab'",
    "EXTRACT(EPOCH FROM plan_start) > 1", "EXTRACT(YEAR plan_start) = 1", "CAST(name AS int) = 1", "CONVERT(int, name) = 1", "name = 'x' LIMIT 1", "name = 'x' ORDER BY 1",
    "name = 'x' FOR UPDATE", "1=1 RETURNING lead_person", "-" * 500 + "1=1", "+" * 500 + "1=1", "NOT " * 3001 + "1=1", "(" * 300 + "1=1" + ")" * 300, "1" + "+1" * 500 + "=1",
    "name = '" + "中" * 20000 + "'", "OBJECTID IN (" + ",".join(["1"] * 9000) + ")", " OR ".join(["name = 'a'"] * 800), "UPPER(" * 100 + "name" + ")" * 100 + " = 'A'",
]  # fmt: skip

HOSTILE: Final = [
    *_PLAIN,
    *(shape.format(target) for target in _TARGETS for shape in _SHAPES[:3]),
    *(shape.format(call) for call in _CALLS for shape in (_SHAPES[0], _SHAPES[4])),
]
