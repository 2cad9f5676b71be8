// The questions with which people come to a node's console, for the search. Behind each: the words that find it, as many as
// come to mind, each in its longest form (what is typed may be its beginning).
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  hit: { title: t("What hit us"), words: tc("words that find it", "attacked attackers incidents hacked breached met here why believed ransomware") },
  stop: { title: t("Stop it: what waits to be blocked"), words: tc("words that find it", "blocks blocking approve confirm release") },
  undo: { title: t("Undo a block: lift it"), words: tc("words that find it", "unblock withdraw take back wrong false") },
  nis2: { title: t("Who must know by when (NIS2)"), words: tc("words that find it", "NIS2 deadlines clocks authorities early warning notification") },
  left: { title: t("What left us in the last week"), words: tc("words that find it", "sent out shared told disclosed reports privacy") },
  hurt: { title: t("What a block would hurt: try it on our own history"), words: tc("words that find it", "dry run hits impact breaks harm") },
  machine: { title: t("Find a machine"), words: tc("words that find it", "computers servers devices hosts addresses") },
  firewall: { title: t("Write the rule of a new firewall"), words: tc("words that find it", "firewalls gates lists proxies resolvers enforcers external dynamic list") },
  shift: { title: t("Hand over the shift"), words: tc("words that find it", "handover colleagues shifts leave night") },
});
