-- The life of the connection: its phase, and what it needs when it does not come from the settings.
ALTER TABLE "connection"
    ADD COLUMN "phase" TEXT NOT NULL DEFAULT 'unconnected',
    ADD COLUMN "phase_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "managed_by" TEXT,
    ADD COLUMN "workspace" TEXT,
    ADD COLUMN "credential" BYTEA,
    ADD COLUMN "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "refused_since" TIMESTAMPTZ(3),
    ADD COLUMN "data_until" TIMESTAMPTZ(3),
    ADD COLUMN "hook_disabled" BOOLEAN NOT NULL DEFAULT false;
