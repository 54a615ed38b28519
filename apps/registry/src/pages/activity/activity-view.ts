import type { z } from 'zod';
import type { activitySchema, runsSchema } from '../../activity/activity-schemas.js';
import type { auditSchema } from '../../rest/change-schemas.js';

export type ActivityAnswer = z.infer<typeof activitySchema>;
export type RunView = z.infer<typeof runsSchema>['values'][number];
export type AuditView = z.infer<typeof auditSchema>['values'][number];
