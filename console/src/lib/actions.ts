// Small things markup cannot say under a strict Content-Security-Policy.

/** Sizes that are data: ``<i use:size={{ width: "40%" }}>``. Goes through CSSOM, which the policy allows. */
export function size(node: HTMLElement, wanted: Readonly<Record<string, string>>): { update(next: Readonly<Record<string, string>>): void } {
  const set = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) node.style.setProperty(name, value);
  };
  set(wanted);
  return { update: set };
}

/** Hands a file to the reader, made here. */
export function download(name: string, body: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([body], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
