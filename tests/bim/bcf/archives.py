"""BCF archives as other tools write them, made by hand after the published structure of 2.1 and 3.0."""

import zipfile
from pathlib import Path

TOPIC_A = "7ddc3ef0-0ab7-43f1-918a-45e38b42369c"
TOPIC_B = "0b4e5c2f-95f1-4b0e-8b1e-2f5e6a7c8d90"
VIEW_A = "a1b2c3d4-0000-4000-8000-000000000001"
COMMENT_A = "c0ffee00-0000-4000-8000-000000000001"
COMMENT_B = "c0ffee00-0000-4000-8000-000000000002"
WALL, PIPE = "2O2Fr$t4X7Zf8NOew3FLOH", "1hOSvn6df7F8_7GcBWlR72"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
JPG = b"\xff\xd8\xff\xe0" + b"\0" * 32

# As a model checker writes 2.1: braces of its own, several labels, a checked rule in an element of its own.
MARKUP_21 = f"""<?xml version="1.0" encoding="UTF-8"?>
<Markup xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Header>
    <File IfcProject="0YvctVUKr0kugbFTf53O9L" isExternal="true"><Filename>结构.ifc</Filename><Date>2025-10-01T08:00:00+08:00</Date></File>
  </Header>
  <Topic Guid="{TOPIC_A.upper()}" TopicType="Clash" TopicStatus="Open">
    <ReferenceLink>https://example.org/issue/7</ReferenceLink>
    <Title>风管穿梁 Duct through beam</Title>
    <Priority>High</Priority>
    <Index>3</Index>
    <Labels>结构</Labels><Labels>暖通</Labels>
    <CreationDate>2025-10-20T09:30:00+08:00</CreationDate>
    <CreationAuthor>zhang@example.org</CreationAuthor>
    <ModifiedDate>2025-10-21T10:00:00+08:00</ModifiedDate>
    <ModifiedAuthor>li@example.org</ModifiedAuthor>
    <DueDate>2025-11-15T00:00:00+08:00</DueDate>
    <AssignedTo>wang@example.org</AssignedTo>
    <Stage>施工图</Stage>
    <Description>标高 3.6 m 处，风管与主梁相交 &lt;120 mm&gt;。</Description>
    <BimSnippet SnippetType="IfcPropertySet" isExternal="true"><Reference>https://example.org/x.ifc</Reference><ReferenceSchema>https://example.org/x.xsd</ReferenceSchema></BimSnippet>
    <DocumentReference Guid="d0c00000-0000-4000-8000-000000000001"><ReferencedDocument>../说明.txt</ReferencedDocument><Description>会议纪要</Description></DocumentReference>
    <RelatedTopic Guid="{TOPIC_B}"/>
    <CheckerRule severity="2">R-17</CheckerRule>
  </Topic>
  <Comment Guid="{COMMENT_A}">
    <Date>2025-10-20T09:31:00+08:00</Date><Author>zhang@example.org</Author><Comment>请设计院确认。</Comment>
    <Viewpoint Guid="{VIEW_A}"/>
    <Mood>worried</Mood>
  </Comment>
  <Comment Guid="{COMMENT_B}"><Date>2025-10-21T10:00:00</Date><Author>li@example.org</Author><Comment/></Comment>
  <Viewpoints Guid="{VIEW_A}"><Viewpoint>viewpoint.bcfv</Viewpoint><Snapshot>snapshot.png</Snapshot><Index>0</Index></Viewpoints>
</Markup>"""
VIEW_21 = f"""<?xml version="1.0" encoding="UTF-8"?>
<VisualizationInfo Guid="{VIEW_A}">
  <Components>
    <ViewSetupHints SpacesVisible="false" SpaceBoundariesVisible="false" OpeningsVisible="true"/>
    <Selection><Component IfcGuid="{WALL}" OriginatingSystem="Revit"><AuthoringToolId>314159</AuthoringToolId></Component><Component IfcGuid="{PIPE}"/></Selection>
    <Visibility DefaultVisibility="true"><Exceptions><Component IfcGuid="{PIPE}"/></Exceptions></Visibility>
    <Coloring><Color Color="FF00FF00"><Component IfcGuid="{WALL}"/></Color></Coloring>
  </Components>
  <PerspectiveCamera>
    <CameraViewPoint><X>12.5</X><Y>-3.25</Y><Z>1.7</Z></CameraViewPoint>
    <CameraDirection><X>-0.6</X><Y>0.8</Y><Z>0</Z></CameraDirection>
    <CameraUpVector><X>0</X><Y>0</Y><Z>1</Z></CameraUpVector>
    <FieldOfView>60</FieldOfView>
  </PerspectiveCamera>
  <Lines><Line><StartPoint><X>0</X><Y>0</Y><Z>0</Z></StartPoint><EndPoint><X>1</X><Y>1</Y><Z>1</Z></EndPoint></Line></Lines>
  <ClippingPlanes><ClippingPlane><Location><X>0</X><Y>0</Y><Z>3.6</Z></Location><Direction><X>0</X><Y>0</Y><Z>1</Z></Direction></ClippingPlane></ClippingPlanes>
  <Bitmap><Bitmap>PNG</Bitmap><Reference>stamp.png</Reference><Location><X>1</X><Y>2</Y><Z>3</Z></Location><Normal><X>0</X><Y>-1</Y><Z>0</Z></Normal><Up><X>0</X><Y>0</Y><Z>1</Z></Up><Height>0.5</Height></Bitmap>
</VisualizationInfo>"""

# As a coordination service writes 3.0: number of its own, labels in a wrapper, comments and views in the topic.
MARKUP_30 = f"""<?xml version="1.0" encoding="utf-8"?>
<Markup>
  <Header><Files><File IsExternal="true"><Filename>机电.ifc</Filename></File></Files></Header>
  <Topic Guid="{TOPIC_B}" TopicType="Request" TopicStatus="In Progress" ServerAssignedId="ISS-42">
    <ReferenceLinks><ReferenceLink>https://example.org/42</ReferenceLink></ReferenceLinks>
    <Title>检修口位置 Access hatch</Title>
    <Labels><Label>机电</Label></Labels>
    <CreationDate>2025-10-25T02:00:00Z</CreationDate>
    <CreationAuthor>zhao@example.org</CreationAuthor>
    <DocumentReferences><DocumentReference Guid="d0c00000-0000-4000-8000-000000000002"><DocumentGuid>d0c00000-0000-4000-8000-00000000000f</DocumentGuid></DocumentReference></DocumentReferences>
    <RelatedTopics><RelatedTopic Guid="{TOPIC_A}"/></RelatedTopics>
    <Comments><Comment Guid="{COMMENT_A[:-1]}9"><Date>2025-10-25T02:01:00Z</Date><Author>zhao@example.org</Author><Comment>吊顶需留 600×600。</Comment></Comment></Comments>
    <Viewpoints><ViewPoint Guid="{VIEW_A[:-1]}9"><Viewpoint>viewpoint.bcfv</Viewpoint><Snapshot>snapshot.jpg</Snapshot></ViewPoint></Viewpoints>
  </Topic>
</Markup>"""
VIEW_30 = f"""<?xml version="1.0" encoding="utf-8"?>
<VisualizationInfo Guid="{VIEW_A[:-1]}9">
  <Components><Visibility DefaultVisibility="false"><ViewSetupHints SpacesVisible="true" SpaceBoundariesVisible="false" OpeningsVisible="false"/></Visibility></Components>
  <OrthogonalCamera>
    <CameraViewPoint><X>0</X><Y>0</Y><Z>50</Z></CameraViewPoint>
    <CameraDirection><X>0</X><Y>0</Y><Z>-1</Z></CameraDirection>
    <CameraUpVector><X>0</X><Y>1</Y><Z>0</Z></CameraUpVector>
    <ViewToWorldScale>25</ViewToWorldScale><AspectRatio>1.6</AspectRatio>
  </OrthogonalCamera>
</VisualizationInfo>"""
# As a CAD plug-in writes 2.1: no viewpoint list in the markup, no type, no version detail.
MARKUP_BARE = f"""<Markup><Topic Guid="{TOPIC_B}"><Title>梁偏位</Title><CreationDate>2025-10-22T12:00:00</CreationDate><CreationAuthor>qian</CreationAuthor></Topic></Markup>"""


def version(number: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Version VersionId="{number}"/>'


def pack(path: Path, files: dict[str, str | bytes]) -> Path:
    """Pack files into an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def files_21() -> dict[str, str | bytes]:
    """The files of the 2.1 archive, to be changed by tests."""
    return {
        "bcf.version": version("2.1"),
        "project.bcfp": '<ProjectExtension><Project ProjectId="p-1"><Name>滨河路</Name></Project><ExtensionSchema/></ProjectExtension>',
        f"{TOPIC_A}/markup.bcf": MARKUP_21,
        f"{TOPIC_A}/viewpoint.bcfv": VIEW_21,
        f"{TOPIC_A}/snapshot.png": PNG,
        f"{TOPIC_A}/stamp.png": PNG,
        "说明.txt": "纪要",
    }


def files_30() -> dict[str, str | bytes]:
    """The files of the 3.0 archive."""
    return {
        "bcf.version": version("3.0"),
        "project.bcfp": '<ProjectInfo><Project ProjectId="p-1"><Name>滨河路</Name></Project></ProjectInfo>',
        "extensions.xml": "<Extensions><TopicTypes><TopicType>Request</TopicType></TopicTypes><TopicStatuses><TopicStatus>In Progress</TopicStatus><TopicStatus>Closed</TopicStatus></TopicStatuses></Extensions>",
        "documents.xml": '<DocumentInfo><Documents><Document Guid="d0c00000-0000-4000-8000-00000000000f"><Filename>样本.pdf</Filename></Document></Documents></DocumentInfo>',
        "documents/d0c00000-0000-4000-8000-00000000000f": b"%PDF-1.7",
        f"{TOPIC_B}/markup.bcf": MARKUP_30,
        f"{TOPIC_B}/viewpoint.bcfv": VIEW_30,
        f"{TOPIC_B}/snapshot.jpg": JPG,
    }


def files_bare() -> dict[str, str | bytes]:
    """The least a plug-in writes."""
    return {
        "bcf.version": version("2.1"),
        f"{TOPIC_B}/markup.bcf": MARKUP_BARE,
        f"{TOPIC_B}/viewpoint.bcfv": VIEW_21.replace(f' Guid="{VIEW_A}"', ""),
        f"{TOPIC_B}/snapshot.png": PNG,
        f"{TOPIC_B}/stamp.png": PNG,
    }
