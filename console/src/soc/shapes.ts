// Short names for what the API says.
import type { components } from "$api/soc";

type Schemas = components["schemas"];
export type Suspected = Schemas["Suspected"];
export type SectorAdds = Schemas["SectorAdds"];
export type VerdictShown = Schemas["VerdictShown"];
export type HostToday = Schemas["HostToday"];
export type CaseShort = Schemas["CaseShort"];
export type Case = Schemas["Case"];
export type Asked = Schemas["HuntStatus"];
export type AnswerKnown = Schemas["AnswerKnown"];
export type ValueKnown = Schemas["ValueKnown"];
export type Question = Schemas["Question"];
export type Hunt = Schemas["HuntShown"];
export type HostShort = Schemas["HostShort"];
export type LedgerLine = Schemas["LedgerLine"];
export type LeavingField = Schemas["LeavingField"];
export type Reveal = Schemas["RevealShown"];
export type Waiting = Schemas["Waiting"];
export type BlockShort = Schemas["BlockShort"];
export type Block = Schemas["Block"];
export type DryRun = Schemas["DryRunShown"];
export type NeverEntry = Schemas["NeverEntry"];
export type NeverDraft = Schemas["NeverDraft"];
export type PolicyField = Schemas["FieldShown"];
export type PolicyDraft = Schemas["PolicyDraft"];
export type Health = Schemas["Health"];
