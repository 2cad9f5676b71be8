// Every page of this console, one line each, in the order of the navigation.
import Building2 from "@lucide/svelte/icons/building-2";
import Eye from "@lucide/svelte/icons/eye";
import Handshake from "@lucide/svelte/icons/handshake";
import Inbox from "@lucide/svelte/icons/inbox";
import Megaphone from "@lucide/svelte/icons/megaphone";
import MessageCircleQuestion from "@lucide/svelte/icons/message-circle-question-mark";
import Radar from "@lucide/svelte/icons/radar";
import Route from "@lucide/svelte/icons/route";
import Rss from "@lucide/svelte/icons/rss";
import ScrollText from "@lucide/svelte/icons/scroll-text";
import ShieldBan from "@lucide/svelte/icons/shield-ban";
import ShieldCheck from "@lucide/svelte/icons/shield-check";
import UserRound from "@lucide/svelte/icons/user-round";
import Gauge from "@lucide/svelte/icons/gauge";
import ListOrdered from "@lucide/svelte/icons/list-ordered";
import SquareKanban from "@lucide/svelte/icons/square-kanban";
import Users from "@lucide/svelte/icons/users";
import Newspaper from "@lucide/svelte/icons/newspaper";
import type { Page } from "$lib/router.svelte";

export const pages: readonly Page[] = [
  { path: "/overview", title: "overview", load: () => import("./overview/Overview.svelte"), right: "read", key: "o", icon: Gauge, group: "work" },
  { path: "/leads", title: "leads", load: () => import("./leads/Leads.svelte"), right: "read", key: "l", icon: ListOrdered, group: "work" },
  { path: "/leads/:id", title: "lead", load: () => import("./leads/Lead.svelte"), right: "read", menu: false },
  { path: "/cases", title: "cases", load: () => import("./cases/Board.svelte"), right: "read", key: "c", icon: SquareKanban, group: "work" },
  { path: "/cases/:id", title: "case", load: () => import("./cases/Case.svelte"), right: "read", menu: false },
  { path: "/indicators", title: "indicators", load: () => import("./indicators/Indicators.svelte"), right: "read", key: "i", icon: ShieldBan, group: "work" },
  { path: "/indicators/:id", title: "indicator", load: () => import("./indicators/Indicator.svelte"), right: "read", menu: false },
  { path: "/protection", title: "protection", load: () => import("./protection/Protection.svelte"), right: "read", key: "k", icon: ShieldCheck, group: "work" },
  { path: "/proposals", title: "proposals", load: () => import("./partners/Proposals.svelte"), right: "read", key: "n", icon: Inbox, group: "work" },
  { path: "/questions", title: "questions", load: () => import("./questions/Questions.svelte"), right: "read", key: "q", icon: MessageCircleQuestion, group: "work" },
  { path: "/questions/:id", title: "question", load: () => import("./questions/Question.svelte"), right: "read", menu: false },
  { path: "/warnings", title: "warnings", load: () => import("./warnings/Warnings.svelte"), right: "read", key: "v", icon: Megaphone, group: "work" },
  { path: "/warnings/:id", title: "warning", load: () => import("./warnings/Warning.svelte"), right: "read", menu: false },
  { path: "/rounds", title: "rounds", load: () => import("./rounds/Rounds.svelte"), right: "read", key: "r", icon: Radar, group: "sector" },
  { path: "/rounds/:id", title: "round", load: () => import("./rounds/Round.svelte"), right: "read", menu: false },
  { path: "/coverage", title: "coverage", load: () => import("./coverage/Coverage.svelte"), right: "read", key: "d", icon: Eye, group: "sector" },
  { path: "/members", title: "members", load: () => import("./members/Members.svelte"), right: "read", key: "m", icon: Building2, group: "sector" },
  { path: "/members/:name", title: "member", load: () => import("./members/Member.svelte"), right: "read", menu: false },
  { path: "/rollout", title: "rollout", load: () => import("./rollout/Rollout.svelte"), right: "read", key: "e", icon: Route, group: "sector" },
  { path: "/partners", title: "partners", load: () => import("./partners/Partners.svelte"), right: "read", key: "p", icon: Handshake, group: "sector" },
  { path: "/partners/:name", title: "partner", load: () => import("./partners/Partner.svelte"), right: "read", menu: false },
  { path: "/sources", title: "sources", load: () => import("./partners/Sources.svelte"), right: "read", key: "s", icon: Rss, group: "sector" },
  { path: "/sources/:name", title: "source", load: () => import("./partners/Source.svelte"), right: "read", menu: false },
  { path: "/publications", title: "publications", load: () => import("./publish/Publications.svelte"), right: "read", key: "b", icon: Newspaper, group: "sector" },
  { path: "/publications/:id", title: "publication", load: () => import("./publish/Publication.svelte"), right: "read", menu: false },
  { path: "/audit", title: "audit", load: () => import("./audit/Audit.svelte"), right: "audit", key: "a", icon: ScrollText, group: "control" },
  { path: "/accounts", title: "accounts", load: () => import("../shared/accounts/Accounts.svelte"), right: "accounts", key: "w", icon: Users, group: "control" },
  { path: "/account", title: "account", load: () => import("../shared/account/Account.svelte"), key: "u", icon: UserRound, group: "control" },
];
