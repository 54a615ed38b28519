-- A name can go to another workspace, but the primary's id of the one that this mirror is connected to cannot.
ALTER TABLE "connection" ADD COLUMN "workspace_id" TEXT;
