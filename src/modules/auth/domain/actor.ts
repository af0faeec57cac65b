export const actorStatuses = ['active', 'disabled'] as const;
