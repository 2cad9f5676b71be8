// Every page of this console, one line each, in the order of the navigation.
import Activity from "@lucide/svelte/icons/activity";
import Shield from "@lucide/svelte/icons/shield";
import Briefcase from "@lucide/svelte/icons/briefcase";
import CalendarDays from "@lucide/svelte/icons/calendar-days";
import Crosshair from "@lucide/svelte/icons/crosshair";
import DoorOpen from "@lucide/svelte/icons/door-open";
import ListTodo from "@lucide/svelte/icons/list-todo";
import Megaphone from "@lucide/svelte/icons/megaphone";
import MonitorSmartphone from "@lucide/svelte/icons/monitor-smartphone";
import SlidersHorizontal from "@lucide/svelte/icons/sliders-horizontal";
import Users from "@lucide/svelte/icons/users";
import UserRound from "@lucide/svelte/icons/user-round";
import type { Page } from "$lib/router.svelte";

export const pages: readonly Page[] = [
  { path: "/waiting", title: "waiting", load: () => import("../shared/waiting/Nodes.svelte"), right: "soc:read", key: "j", icon: ListTodo, group: "work" },
  { path: "/nodes/:node/today", title: "today", load: () => import("./today/Today.svelte"), right: "soc:read", key: "t", icon: CalendarDays, group: "work" },
  { path: "/nodes/:node/suspicions", title: "suspicions", load: () => import("./today/Suspicions.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/suspicions/:id", title: "suspicion", load: () => import("./today/Suspicion.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/cases", title: "cases", load: () => import("./cases/Cases.svelte"), right: "soc:read", key: "c", icon: Briefcase, group: "work" },
  { path: "/nodes/:node/cases/:id", title: "case", load: () => import("./cases/Case.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/warnings", title: "warnings", load: () => import("./warnings/Warnings.svelte"), right: "soc:read", key: "v", icon: Megaphone, group: "work" },
  { path: "/nodes/:node/warnings/:id", title: "warning", load: () => import("./warnings/Warning.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/hunt", title: "hunt", load: () => import("./hunt/Hunt.svelte"), right: "soc:hunt", key: "h", icon: Crosshair, group: "work" },
  { path: "/nodes/:node/packets", title: "packets", load: () => import("./packets/Packets.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/hosts", title: "hosts", load: () => import("./hosts/Hosts.svelte"), right: "soc:read", key: "f", icon: MonitorSmartphone, group: "work" },
  { path: "/nodes/:node/hosts/:host", title: "host", load: () => import("./hosts/Host.svelte"), right: "soc:read", menu: false },
  { path: "/nodes/:node/door", title: "door", load: () => import("./door/Door.svelte"), right: "soc:read", key: "g", icon: DoorOpen, group: "control" },
  { path: "/nodes/:node/protection", title: "protection", load: () => import("./protection/Protection.svelte"), right: "soc:read", key: "k", icon: Shield, group: "control" },
  { path: "/nodes/:node/policy", title: "policy", load: () => import("./policy/Policy.svelte"), right: "soc:read", key: "y", icon: SlidersHorizontal, group: "control" },
  { path: "/nodes/:node/health", title: "health", load: () => import("./health/Health.svelte"), right: "soc:read", key: "z", icon: Activity, group: "control" },
  { path: "/accounts", title: "accounts", load: () => import("../shared/accounts/Accounts.svelte"), right: "accounts", key: "w", icon: Users, group: "control" },
  { path: "/account", title: "account", load: () => import("../shared/account/Account.svelte"), key: "u", icon: UserRound, group: "control" },
];
