// Signing in.
import { t } from "$lib/gettext.svelte";

export default () => ({
  product: "Bavn",
  title: t("Sign in"),
  oidc: (name: string) => t("Sign in with {name}", { name }),
  passkey: t("Sign in with a passkey"),
  noPasskey: (command: string) => t("A sign-in link lets you in without a passkey. It is made on the machine: {command}", { command }),
  refused: {
    "oidc-away": t("The identity provider cannot be reached. Try again in a moment, or sign in another way."),
    "oidc-refused": t("The identity provider did not vouch for you."),
    "too-late": t("That took too long: begin again."),
    "no-name": t("The identity provider did not say who you are: whoever runs Bavn must set that up."),
    "no-role": t("You are in no group that has a role here: ask whoever gives out accounts."),
  } as Record<string, string>,
  refusedOther: t("This log-on was refused: ask whoever gives out accounts."),
  linkHelp: t("This link signs you in once. Then add a passkey on your account page, and you need no link next time."),
});
