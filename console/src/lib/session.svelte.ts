// Who is signed in, what they may, and the token that proves a change was meant. Asked once; asked again after signing in.
import { speak } from "./gettext.svelte";
import { prefs } from "./prefs.svelte";
import { asProblem, Problem, problemOf } from "./problem";

export interface Me {
  readonly name: string;
  readonly rights: readonly string[];
  readonly side: "sac" | "soc";
  readonly roles: readonly string[];
  /** The nodes this person may see; null for all. */
  readonly actors: readonly string[] | null;
  readonly csrf: string | null;
  readonly language: string | null;
  readonly zone: string | null;
  readonly until_us: number | null;
}

const BASE = "/api/v1";

class Session {
  me = $state.raw<Me | null>(null);
  known = $state(false);
  problem = $state.raw<Problem | null>(null);
  csrf = "";

  async ask(): Promise<void> {
    try {
      const answer = await fetch(`${BASE}/me`, { credentials: "same-origin" });
      if (answer.status === 401) this.me = null;
      else if (!answer.ok) throw await problemOf(answer);
      else await this.became((await answer.json()) as Me);
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
    this.known = true;
  }

  async became(me: Me): Promise<void> {
    this.csrf = me.csrf ?? "";
    prefs.named = me.zone;
    if (me.language) await speak(me.language).catch(() => null);
    this.me = me;
  }

  /** Keeps language and time zone with the account, so that they are the same in the next browser. */
  choose(): void {
    if (!this.me || this.me.csrf === null) return;
    const body = JSON.stringify({ language: prefs.lang, zone: prefs.named });
    const headers = { "Content-Type": "application/json", "X-Bavn-CSRF": this.csrf };
    void fetch(`${BASE}/account/choices`, { method: "PUT", credentials: "same-origin", headers, body }).catch(() => null);
  }

  /** Without a right: everybody who is signed in. */
  may(right: string | undefined): boolean {
    return right === undefined ? this.me !== null : (this.me?.rights.includes(right) ?? false);
  }

  /** The API said 401: back to signing in, with the deep link kept. */
  ended(): void {
    this.me = null;
    this.csrf = "";
  }

  async signOut(): Promise<void> {
    await fetch(`${BASE}/session`, { method: "DELETE", headers: { "X-Bavn-CSRF": this.csrf }, credentials: "same-origin" }).catch(() => null);
    this.ended();
    location.assign("/");
  }
}

export const whoami = new Session();
