/** Which projects are mirrored: every one, or those named. */
export type Selection =
  { readonly all: true } | { readonly all: false; readonly projectKeys: readonly string[] };

export const covers = (selection: Selection, projectKey: string): boolean =>
  selection.all || selection.projectKeys.includes(projectKey);
