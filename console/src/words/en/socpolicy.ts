// The policy editor.
export default {
  title: "Policy", lead: "What may leave this actor and what may be blocked here. The node reads it when it is started.",
  tables: { door: "What may leave", protect: "What may be blocked" } as Record<string, string>, search: "Field or words", changed: "Changed only", asDefault: "Default", isDefault: "default", written: "in the file",
  bounds: (low: string, high: string, unit: string) => `${low} to ${high} ${unit}`, onePerLine: "One a line", yes: "yes", no: "no",
  look: (n: string) => `See what would change (${n})`, discard: "Discard", would: "What would change", before: "Now", after: "Then", write: "Write the policy", wrote: "The policy is written. It takes effect when the node is started next.",
  none: "Nothing would change.", file: "The file as it would be", reader: "The same reader as the node's has read it: the node will start with it.", restart: "Start the node again for it to take effect.", mayNot: "You may look; your role does not change the policy.",
  choices: { automatic: "automatic", ask: "ask a person", never: "never" } as Record<string, string>, noField: "No field fits", noFieldNext: "Take the search away.", empty: "empty",
  units: {} as Record<string, string>,
};
