import { type Actor, hasPermission } from '../actor.ts';
import { AppError, kernelError } from '../error.ts';
import type { UserAction } from '../usecase.ts';

const restrictionCodes = {
  password_change: 'PASSWORD_CHANGE_REQUIRED',
  mfa_enrolment: 'MFA_ENROLMENT_REQUIRED',
} as const;

/** Why the actor may not run the action, or null if it may. */
export const refusalOf = (action: UserAction, actor: Actor | null): AppError | null => {
  if (action.actors === 'anonymous') return null;
  if (actor === null) return action.acceptsEndedSession === true ? null : kernelError('UNAUTHENTICATED');
  if (!action.actors.includes(actor.type))
    return kernelError('PERMISSION_DENIED', { details: { actors: action.actors } });
  if (actor.restriction !== null && action.restricted !== true)
    return new AppError(restrictionCodes[actor.restriction], { kind: 'forbidden' });
  const permission = action.permissions.find((needed) => !hasPermission(actor, needed));
  return permission === undefined ? null : kernelError('PERMISSION_DENIED', { details: { permission } });
};
