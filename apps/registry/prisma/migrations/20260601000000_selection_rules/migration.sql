-- include, exclude: whether public repositories of selected projects are mirrored.
ALTER TABLE "selection" ADD COLUMN "public_repositories" TEXT NOT NULL DEFAULT 'include';

-- CreateTable
CREATE TABLE "project_policy" (
    "project_key" TEXT NOT NULL,
    "freshness" TEXT NOT NULL,

    CONSTRAINT "project_policy_pkey" PRIMARY KEY ("project_key")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "address" TEXT,
    "action" TEXT NOT NULL,
    "subject" TEXT,
    "before" JSONB,
    "after" JSONB,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);
