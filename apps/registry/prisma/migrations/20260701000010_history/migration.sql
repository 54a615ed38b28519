-- CreateTable
CREATE TABLE "sync_run" (
    "id" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "repository_id" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "began_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL,
    "epoch" BIGINT NOT NULL,
    "received_bytes" BIGINT NOT NULL,
    "error_code" TEXT,
    "error" TEXT,
    "change_count" BIGINT NOT NULL,
    "changes" JSONB NOT NULL,
    "reported_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sync_run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "traffic_minute" (
    "node" TEXT NOT NULL,
    "boot" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(3) NOT NULL,
    "door" TEXT NOT NULL,
    "fetches" BIGINT NOT NULL,
    "pushes" BIGINT NOT NULL,
    "lfs_downloads" BIGINT NOT NULL,
    "own_bytes" BIGINT NOT NULL,
    "passed_bytes" BIGINT NOT NULL,
    "failures" BIGINT NOT NULL,

    CONSTRAINT "traffic_minute_pkey" PRIMARY KEY ("node","boot","minute","door")
);

-- CreateTable
CREATE TABLE "traffic_hour" (
    "node" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "door" TEXT NOT NULL,
    "fetches" BIGINT NOT NULL,
    "pushes" BIGINT NOT NULL,
    "lfs_downloads" BIGINT NOT NULL,
    "own_bytes" BIGINT NOT NULL,
    "passed_bytes" BIGINT NOT NULL,
    "failures" BIGINT NOT NULL,

    CONSTRAINT "traffic_hour_pkey" PRIMARY KEY ("node","hour","door")
);

-- CreateTable
CREATE TABLE "lag_sample" (
    "minute" TIMESTAMPTZ(3) NOT NULL,
    "ready" INTEGER NOT NULL,
    "failing" INTEGER NOT NULL,
    "p50" DOUBLE PRECISION,
    "p95" DOUBLE PRECISION,
    "max" DOUBLE PRECISION,

    CONSTRAINT "lag_sample_pkey" PRIMARY KEY ("minute")
);

-- CreateIndex
CREATE INDEX "sync_run_seq_idx" ON "sync_run"("seq");

-- CreateIndex
CREATE INDEX "sync_run_repository_id_node_ended_at_idx" ON "sync_run"("repository_id", "node", "ended_at");

-- CreateIndex
CREATE INDEX "sync_run_reported_at_idx" ON "sync_run"("reported_at");

-- CreateIndex
CREATE INDEX "traffic_minute_minute_idx" ON "traffic_minute"("minute");

-- CreateIndex
CREATE INDEX "traffic_hour_hour_idx" ON "traffic_hour"("hour");

-- AddForeignKey
ALTER TABLE "sync_run" ADD CONSTRAINT "sync_run_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE CASCADE ON UPDATE CASCADE;
