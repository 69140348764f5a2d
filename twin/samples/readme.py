"""The text of `data/samples/README.md`."""

README = """# 样例数据 / Sample data

**全部虚构 / All synthetic.** 本目录的每个文件都由程序生成：`twin samples generate`。区划名称“示范区（虚构）”、人名、单位、项目、坐标、金额均为虚构，不对应任何真实地方、工程或个人。底图不含任何真实行政界线。
Every file here is made by `twin samples generate`; nothing is taken from a real place, project or person, and no real administrative boundary is shown. The licence of the repository applies. `synthetic: true` stands in every file by its format's means (the exceptions: `SHA256SUMS`, and `models/*.element_progress.csv`, whose columns are fixed by the import; `models.json` marks them; zipped shapefiles carry it in a field).

统计基准日 / reporting date: **2025-10-31**. Plan year 2025. Extent 115.6–116.0°E, 32.8–33.3°N. Survey CRS EPSG:4527 (CGCS2000, 3-degree zone 39). `expected.json` holds the answers the software must give; `SHA256SUMS` the hashes: the generator writes the same bytes on every machine (`twin samples generate --check`).

The GB/T 51269 codes in the models are illustrative; they were not checked against the text of the standard.

## Formats / 格式
Tables (`*.json`): one object `{"synthetic": true, "district", "as_of", "table", "rows": [...]}`, UTF-8, one record per line, keys sorted. Dates are `YYYY-MM-DD`, money is whole yuan, percents 0–100. Read numbers as decimals (weights and percents are exact decimals).

Layers (`*.geojson`): FeatureCollection, lon/lat, 9 decimals, CGCS2000; geometry of polygon layers is always MultiPolygon. **The true geometry is `survey_wkt` in `survey_crs`** (EPSG:4527, east north, 3 decimals); the lon/lat one is its image. No edge is longer than 500 m. `stated_area_m2` is ellipsoidal, `stated_plane_area_m2` that of the 3-degree plane.

| file | record |
|---|---|
| `projects.json` (60) | `code` (档案编号), `nat_code`, `name`, `category` (two digits), `category_name`, `purpose` (infrastructure, livelihood, industry), `level`, `region_code`, `owner_unit`, `lead_person`, `stage` (initiation, design, tender, construction, acceptance, operation), `stage_name`, `delivery_mode`, `approved_estimate_yuan`, `investment_total_yuan`, `annual_plan_yuan`, `plan_start`, `plan_finish`, `actual_start`, `actual_finish` (end of works), `strategy_tags` [], `blocks` [{name, investment_yuan}], `suspended`, `public_visible` |
| `stages.json` (360) | `project`, `stage`, `stage_name`, `state` (not_started, in_progress, done, suspended, waived), `responsible`, `plan_from`, `plan_to`, `due_on`, `started_on`, `finished_on`, `reason` |
| `milestones.json` | `project`, `code` (`M01`…; sub-task `M02.3`), `name`, `parent` (code or null), `weight` (share of contract value; null for a parent: its children carry it; sums to 1 over a project's leaves), `critical`, `owner`, `actual_start`, `actual_finish`, `progress_source` (`reports` or `elements`) |
| `baselines.json` (59) | `project`, `version`, `approved_on`, `weight_basis`, `milestones` [{`code`, `weight`, `start`, `finish`, `monthly_targets` {"2025-10": percent} or null}]; one project has none |
| `progress_reports.json` | `project`, `period` (YYYY-MM), `version`, `as_of`, `status` (confirmed), `investment_month_yuan`, `investment_ytd_yuan`, `note`, `reporter`, `reviewer`, `reported_at`, `percents` {milestone code: percent} over all leaves. The highest version of a period counts |
| `footprints.geojson` (60) | `project`, `name`, `version`, `kind` (red_line), `source_file`, `stated_area_m2`, `stated_plane_area_m2`, `valid_from`, `public_visible`, `survey_crs`, `survey_wkt`; id = project code |
| `land_parcels.geojson` (80) | `parcel_no`, `name`, `kind` (reserve, supplied, idle), `planned_use`, `land_class`, `state` (proposed, stored, preparing, ready, held, supplied, started, completed), `state_name`, `idle_state` (none, suspected, identified, disposed), `supply_date`, `agreed_start`, `started_on`, `stopped_on`, `built_share`, `invested_share` (0–1), `released_on`, `stated_area_m2`, `stated_plane_area_m2`, `sensitivity`, `public_visible`, `survey_crs`, `survey_wkt`; id = parcel_no |
| `control_areas.geojson` (653) | `layer` (dltb, farmland, ecology, urban_boundary, heritage, river), `code` (unique in its layer), `name`, `class_code`, `class_name`, `registered_area_m2`, `stated_area_m2`, `stated_plane_area_m2`, `sensitivity` (public, internal), `public_visible`, `valid_from`, `valid_to`, `attributes` {survey field names such as BSM, DLBM}, `survey_crs`, `survey_wkt`; id = layer/code |
| `basemap.geojson` | `kind` (district, graticule, river, road, block, village), `name`, `rank` of roads (main, side), `public_visible` |
| `models.json` (3) | `file`, `progress_file`, `project`, `name`, `discipline`, `schema`, `georeference` (map_conversion, none, swapped_axes), `public_visible`, `as_of`, `packages` [milestone codes that its elements drive] |
| `models/*.ifc` | IFC4; tasks' Identification = milestone code of the project; `Status` in the common property sets |
| `models/*.element_progress.csv` | `global_id,status,percent,actual_start,actual_finish`; status not_started, in_progress, done |
| `people.json` (40) | `id`, `login`, `name`, `role` (keys of the rights matrix), `unit_code`, `unit`, `phone` (invalid range), `projects` [codes it is bound to], `region_code`; the head holds `units` |
| `funds.json` (900) | `id`, `kind` (allotment, loan, contract, payment, settlement), `project`, `source` (central_budget, special_bond, local_fiscal, bank_loan, self_raised; loans: government_bank_guarantee), `source_name`, `batch_no`, `contract_no`, `payer`, `payee`, `guarantor`, `amount_yuan`, `dated` |
| `signals.json` (47) | `id`, `project`, `rule`, `colour`, `reasons` [], `raised_at`, `acknowledged_at`, `first_response_at`, `cleared_at`, `state` (raised, responded, cleared) |
| `risk_points.json` (86) | `id`, `project`, `kind`, `level`, `title`, `found_at`, `due_at`, `submitted_at`, `closed_at`, `verified_by`, `state`, `overdue` |
| `orders.json` (60) | `order_no`, `project`, `signal`, `cause`, `colour`, `responsible_unit`, `state` (drafted, issued, signed, handling, replied, reviewed, closed, revoked), `state_name`, `issued_at`, `signed_at`, `replied_at`, `closed_at`, `due_at`, `outcome`, `appraisal_points`, `events` [{`move`, `at`}] with the side moves returned, extension_requested, extension_granted, extension_refused |
| `meetings.json` (36) | `id`, `held_on`, `title`, `chair`, `attendees` [] |
| `issues.json` (504) | `id`, `meeting`, `project`, `type` (quota, payment, eia, relocation, other), `type_name`, `owner`, `raised_on`, `due_on`, `solved_on`, `carried_over`, `state` (raised, assigned, solving, solved, verified) |
| `devices.json` (24) | `id`, `mn`, `name`, `kind`, `project`, `st`, `lonlat`, `factors` {code: {`name`, `unit`}}, `interval_minutes`, `time_zone`, `limit`, `public_visible` |
| `readings.csv` | comment line, then `device,data_time,la_db,la_flag,pm10,pm10_flag,crc`; local time, start of the quarter-hour; PM10 in the device's own unit; `crc` bad = the frame must be dropped |
| `citizen_reports.json` (305) | `ticket_no`, `channel`, `category`, `text`, `coord_type`, `raw_lon`, `raw_lat`, `project_guess`, `received_at`, `state`, `duplicate_of`, `transferred_to`, `reason`, `adoption` (adopted, not_adopted, undecided), `implemented_on`, `reply`, `closed_at`, `reopened`, `rating`, `contact_name`, `contact_phone`, `photos` [] |
| `suggestions.json` (432) | `id`, `project`, `text`, `received_on`, `decision`, `reason`, `built_on` |
| `survey.csv` (2000) | comment line, then `year,respondent,project,grade` |
| `photos/` | generated PNG and JPEG; two carry EXIF time and position |
| `exchange/` | files for import tests: boundary TXT, zipped shapefiles, XER, MSPDI, XLSX ledgers, DXF, HJ 212 log, project codes; what an importer must find stands in `expected.json` under `exchange` |

Planned percent is linear between the baseline dates, `(t − start) / (finish − start)` in days, or the month's target where `monthly_targets` exist. P and PV are Σ weight·percent over leaf milestones. The four projects with an exact deviation (−9.9, −10.0, −30.0, −30.1 points) have no milestone that spans the reporting date, so that any way of counting days gives the same.
"""
