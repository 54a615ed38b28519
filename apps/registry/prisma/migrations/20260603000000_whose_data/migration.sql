-- Whose data it is that came before connections had a life: paths begin with the workspace, in lower case.
UPDATE "connection" SET "workspace" = coalesce(lower("workspace"), (
    SELECT split_part("path", '/', 1) FROM "repository" WHERE "origin" = 'discovery'
    ORDER BY "removed_at" DESC NULLS FIRST LIMIT 1));
