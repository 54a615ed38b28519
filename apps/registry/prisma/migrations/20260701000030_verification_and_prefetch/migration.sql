-- What a verification of a mirror repository found.
ALTER TABLE "sync_state" ADD COLUMN "verification_state" TEXT,
    ADD COLUMN "verification_at" TIMESTAMPTZ(3),
    ADD COLUMN "verification_message" TEXT,
    ADD COLUMN "verified_at" TIMESTAMPTZ(3);

-- A project may have the one without the other.
ALTER TABLE "project_policy" ALTER COLUMN "freshness" DROP NOT NULL,
    ADD COLUMN "lfs_prefetch" TEXT;
