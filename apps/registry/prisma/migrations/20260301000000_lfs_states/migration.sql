-- CreateTable
CREATE TABLE "lfs_state" (
    "repository_id" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "objects" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "missing" BIGINT NOT NULL,
    "missing_bytes" BIGINT NOT NULL,
    "error_code" TEXT,
    "error" TEXT,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lfs_state_pkey" PRIMARY KEY ("repository_id","node")
);

-- AddForeignKey
ALTER TABLE "lfs_state" ADD CONSTRAINT "lfs_state_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE CASCADE ON UPDATE CASCADE;
