/**
 * receive-pack knows exactly which refs move; these scripts hand that to the simulator through a file named in the
 * environment. pre-receive refuses on behalf of branch restrictions, size limits and faults. Patterns are globs of sh, in
 * which a star also stands for slashes.
 */
export const HOOK_SCRIPTS: Readonly<Record<string, string>> = {
  'post-receive': `#!/bin/sh
[ -n "$SIM_PUSH_FILE" ] || exit 0
i=0
while [ "$i" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >> "$SIM_PUSH_FILE.options"
  i=$((i + 1))
done
exec cat > "$SIM_PUSH_FILE"
`,
  'pre-receive': `#!/bin/sh
set -f
zero=0000000000000000000000000000000000000000
# among PATTERNS NAME
among() {
  for pattern in $1; do
    case "$2" in $pattern) return 0 ;; esac
  done
  return 1
}
refuse() { printf '%s\\n' "$1" >&2; exit 1; }
[ -z "$SIM_REFUSE_PUSH" ] || refuse "$SIM_REFUSE_PUSH"
while read -r old new ref; do
  case "$ref" in refs/heads/*) branch=\${ref#refs/heads/} ;; *) continue ;; esac
  if [ "$new" = "$zero" ] && among "$SIM_NO_DELETE" "$branch"; then refuse "Permission denied to delete branch $branch."; fi
  if among "$SIM_NO_PUSH" "$branch"; then refuse "Permission denied to update branch $branch."; fi
  [ "$old" != "$zero" ] && [ "$new" != "$zero" ] && among "$SIM_NO_FORCE" "$branch" || continue
  git merge-base --is-ancestor "$old" "$new" || refuse "Permission denied to rewrite branch $branch."
done
[ -z "$SIM_FILE_LIMIT" ] || [ -z "$GIT_QUARANTINE_PATH" ] && exit 0
big=$(GIT_ALTERNATE_OBJECT_DIRECTORIES= git cat-file --batch-all-objects --batch-check='%(objectsize) %(objecttype) %(objectname)' 2>/dev/null |
  while read -r size type name; do [ "$type" = blob ] && [ "$size" -gt "$SIM_FILE_LIMIT" ] && echo "$name"; done | head -n 1)
[ -z "$big" ] || refuse "File $big is over the file size limit and will not be accepted."
exit 0
`,
};
