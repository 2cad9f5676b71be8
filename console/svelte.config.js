// Nothing to preprocess: Svelte reads TypeScript's types itself, and the style sheets are plain.
export default { compilerOptions: { runes: true } };
