-- Where on the mirror's pages somebody set out to sign in.
ALTER TABLE "attempt" ADD COLUMN "return_to" TEXT;

-- The mirror's connection lives by this account: its owner is told before they unlink it.
ALTER TABLE "account" ADD COLUMN "lent_at" TIMESTAMPTZ(3);
