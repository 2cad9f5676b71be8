"""Names of DCE/RPC interfaces by UUID, as Zeek and MITRE BZAR call them. Sources: MS-RPCE's interface index, MITRE
BZAR. Data only."""

from typing import Final

ENDPOINTS: Final[dict[str, str]] = {
    "367abb81-9844-35f1-ad32-98f038001003": "svcctl",
    "1ff70682-0a51-30e8-076d-740be8cee98b": "atsvc",
    "378e52b0-c0a9-11cf-822d-00aa0051e40f": "sasec",
    "86d35949-83c9-4044-b424-db363231fd0c": "ITaskSchedulerService",
    "12345778-1234-abcd-ef00-0123456789ac": "samr",
    "12345778-1234-abcd-ef00-0123456789ab": "lsarpc",
    "12345678-1234-abcd-ef00-01234567cffb": "netlogon",
    "12345678-1234-abcd-ef00-0123456789ab": "spoolss",
    "76f03f96-cdfd-44fc-a22c-64950a001209": "IRemoteWinspool",
    "4b324fc8-1670-01d3-1278-5a47bf6ee188": "srvsvc",
    "6bffd098-a112-3610-9833-46c3f87e345a": "wkssvc",
    "338cd001-2244-31f1-aaaa-900038001003": "winreg",
    "e3514235-4b06-11d1-ab04-00c04fc2dcd2": "drsuapi",
    "e1af8308-5d1f-11c9-91a4-08002b14a0fa": "epmapper",
    "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57": "IActivation",
    "000001a0-0000-0000-c000-000000000046": "IRemoteSCMActivator",
    "00000143-0000-0000-c000-000000000046": "IRemUnknown2",
    "00000131-0000-0000-c000-000000000046": "IRemUnknown",
    "00020400-0000-0000-c000-000000000046": "IDispatch",
    "99fcfec4-5260-101b-bbcb-00aa0021347a": "IOXIDResolver",
    "f309ad18-d86a-11d0-a075-00c04fb68820": "IWbemLevel1Login",
    "9556dc99-828c-11cf-a37e-00aa003240c7": "IWbemServices",
    "d4781cd6-e5d3-44df-ad94-930efe48a887": "IWbemLoginClientID",
    "027947e1-d731-11ce-a357-000000000001": "IEnumWbemClassObject",
    "82273fdc-e32a-18c3-3f78-827929dc23ea": "eventlog",
    "f6beaff7-1e19-4fbb-9f8f-b89e2018337c": "IEventService",
    "3dde7c30-165d-11d1-ab8f-00805f14db40": "BackupKey",
    "c681d488-d850-11d0-8c52-00c04fd90f7e": "efsrpc",
    "df1941c5-fe89-4e79-bf10-463657acf44d": "efsrpc",
    "4fc742e0-4a10-11cf-8273-00aa004ae673": "netdfs",
    "a8e0653c-2744-4389-a61d-7373df8b2292": "FssagentRpc",
    "50abc2a4-574d-40b3-9d66-ee4fd5fba076": "dnsserver",
    "894de0c0-0d55-11d3-a322-00c04fa321a1": "InitShutdown",
    "d95afe70-a6d5-4259-822e-2c84da1ddb0d": "WindowsShutdown",
    "3919286a-b10c-11d0-9ba8-00c04fd92ef5": "dssetup",
    "f5cc5a18-4264-101a-8c59-08002b2f8426": "nspi",
    "1544f5e0-613c-11d1-93df-00c04fd7bd09": "rfr",
    "a4f1db00-ca47-1067-b31f-00dd010662da": "emsmdb",
    "91ae6020-9e3c-11cf-8d7c-00aa00c091be": "ICertPassage",
    "44e265dd-7daf-42cd-8560-3cdb6e7a2729": "TsProxyRpcInterface",
    "484809d6-4239-471b-b5bc-61df8c23ac48": "TermSrvSession",
    "6bffd098-a112-3610-9833-46c3f874532d": "dhcpsrv",
    "afa8bd80-7d8a-11c9-bef4-08002b102989": "mgmt",
    "7c44d7d4-31d5-424c-bd5e-2b3e1f323d22": "dsaop",
    "ecec0d70-a603-11d0-96b1-00a0c91ece30": "JetBack",
    "16e0cf3a-a604-11d0-96b1-00a0c91ece30": "JetRest",
}


def name_macro() -> str:
    """SQL that makes ``endpoint_of(uuid)``: the name, NULL if unknown."""
    pairs = ", ".join(f"'{uuid}': '{name}'" for uuid, name in ENDPOINTS.items())
    return f"CREATE OR REPLACE MACRO endpoint_of(uuid) AS (MAP {{{pairs}}})[uuid];"
