// Acts on an indicator, each by the route of its right.
import { got } from "$lib/client";
import { api } from "../api";
import { needsApprover, type Whole } from "./kinds";

type Own = "review" | "refresh" | "withdraw" | "wrong";
type Approvers = "approve" | "release" | "now";

/** ``rev``: the revision that the reader saw; another one in between is a conflict. ``read``: they read what a block of it would break. */
export function act(id: string, what: string, why: string, rev: number | null, read = false): Promise<Whole> {
  const params = { path: { indicator_id: id } };
  if (what === "radius") return got(api.POST("/api/v1/indicators/{indicator_id}/radius", { params, body: { why } }));
  if (needsApprover(what))
    return got(api.POST("/api/v1/indicators/{indicator_id}/approvals", { params, body: { act: what as Approvers, why, rev, read } }));
  return got(api.POST("/api/v1/indicators/{indicator_id}/acts", { params, body: { act: what as Own, why, rev } }));
}
