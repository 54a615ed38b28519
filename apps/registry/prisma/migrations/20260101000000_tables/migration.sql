-- CreateTable
CREATE TABLE "selection" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "all" BOOLEAN NOT NULL,
    "project_keys" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "selection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "project" (
    "key" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "private" BOOLEAN NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "project_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "repository" (
    "id" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "project_key" TEXT NOT NULL,
    "public" BOOLEAN NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "updated_on" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(3),
    "removed_why" TEXT,
    "version" BIGINT NOT NULL,

    CONSTRAINT "repository_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sync_state" (
    "repository_id" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "confirmed_at" TIMESTAMPTZ(3),
    "progress_step" TEXT,
    "progress_percent" INTEGER,
    "progress_bytes" BIGINT,
    "error_code" TEXT,
    "error" TEXT,
    "size_bytes" BIGINT NOT NULL,
    "received_bytes_total" BIGINT NOT NULL,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sync_state_pkey" PRIMARY KEY ("repository_id","node")
);

-- CreateTable
CREATE TABLE "node" (
    "name" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "node_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "connection" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "checked_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error" TEXT,
    "swept_at" TIMESTAMPTZ(3),
    "fully_swept_at" TIMESTAMPTZ(3),
    "suspended_ids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "suspended_at" TIMESTAMPTZ(3),
    "agreed_ids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "hook_id" TEXT,
    "hook_primary_id" TEXT,
    "hook_url" TEXT,
    "hook_secret" BYTEA,
    "hook_error_code" TEXT,
    "hook_error" TEXT,
    "hook_checked_at" TIMESTAMPTZ(3),

    CONSTRAINT "connection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delivery" (
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "repository_id" TEXT,
    "traceparent" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "handled_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "repository_version_idx" ON "repository"("version");

-- CreateIndex
CREATE INDEX "repository_path_idx" ON "repository"("path");

-- CreateIndex
CREATE INDEX "repository_project_key_idx" ON "repository"("project_key");

-- CreateIndex
CREATE INDEX "delivery_received_at_idx" ON "delivery"("received_at");

-- AddForeignKey
ALTER TABLE "sync_state" ADD CONSTRAINT "sync_state_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Orders the changes of the table of repositories (src/repositories/repositories.store.ts).
CREATE SEQUENCE "repository_version";

-- The rows of tables that have one.
INSERT INTO "selection" ("id", "all") VALUES (1, false);
INSERT INTO "connection" ("id") VALUES (1);
