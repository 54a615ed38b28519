-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "lfs";

-- CreateTable
CREATE TABLE "belonging" (
    "repository_id" TEXT NOT NULL,
    "oid" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "proved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "belonging_pkey" PRIMARY KEY ("repository_id","oid")
);

-- CreateTable
CREATE TABLE "stored" (
    "store" TEXT NOT NULL,
    "oid" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stored_pkey" PRIMARY KEY ("store","oid")
);

-- CreateTable
CREATE TABLE "wanted" (
    "store" TEXT NOT NULL,
    "repository_id" TEXT NOT NULL,
    "oid" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_by" TEXT,
    "error_code" TEXT,
    "error" TEXT,

    CONSTRAINT "wanted_pkey" PRIMARY KEY ("store","repository_id","oid","size")
);

-- CreateTable
CREATE TABLE "departed" (
    "repository_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "departed_pkey" PRIMARY KEY ("repository_id")
);

-- CreateIndex
CREATE INDEX "belonging_oid_idx" ON "belonging"("oid");

-- CreateIndex
CREATE INDEX "stored_store_checked_at_idx" ON "stored"("store", "checked_at");

-- CreateIndex
CREATE INDEX "wanted_store_repository_id_next_at_idx" ON "wanted"("store", "repository_id", "next_at");

-- CreateIndex
CREATE INDEX "wanted_store_oid_idx" ON "wanted"("store", "oid");
