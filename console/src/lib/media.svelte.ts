// Whether the page is as narrow as a phone.
const narrow = matchMedia("(max-width: 700px)");
let is = $state(narrow.matches);
narrow.addEventListener("change", (event) => (is = event.matches));
export const isPhone = (): boolean => is;
