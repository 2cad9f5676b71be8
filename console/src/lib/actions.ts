// Small things markup cannot say under a strict Content-Security-Policy.

/** Sizes that are data: ``<i use:size={{ width: "40%" }}>``. Goes through CSSOM, which the policy allows. */
export function size(node: HTMLElement, wanted: Readonly<Record<string, string>>): { update(next: Readonly<Record<string, string>>): void } {
  const set = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) node.style.setProperty(name, value);
  };
  set(wanted);
  return { update: set };
}

/** Hands a picture (a data URL) to the reader. A phone is asked where it is to go: to its photos, a message, a file. */
export async function savePng(name: string, data: string): Promise<void> {
  const bytes = Uint8Array.from(atob(data.slice(data.indexOf(",") + 1)), (one) => one.charCodeAt(0));
  const file = new File([bytes], `${name}.png`, { type: "image/png" });
  if (matchMedia("(pointer: coarse)").matches && typeof navigator.canShare === "function" && navigator.canShare({ files: [file] })) {
    try {
      return await navigator.share({ files: [file], title: name });
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === "AbortError") return; // the reader thought better of it
    }
  }
  download(file.name, file, "image/png");
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
