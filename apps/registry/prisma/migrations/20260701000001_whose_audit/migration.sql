-- An entry is shown to the administrators of its workspace. What was written since the data of the workspace before was
-- deleted is of the one that is here now.
ALTER TABLE "audit_entry" ADD COLUMN "workspace" TEXT;
UPDATE "audit_entry" SET "workspace" = (SELECT "workspace" FROM "connection" WHERE "id" = 1)
    WHERE "id" > coalesce((SELECT max("id") FROM "audit_entry" WHERE "action" = 'connection.data_deleted'), 0);
