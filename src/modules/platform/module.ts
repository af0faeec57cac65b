import type { Module } from '#kernel/module.ts';
import type { UseCase } from '#kernel/usecase.ts';
import { type PlatformPortal, taskResultRetentionDays } from '#portals/platform.ts';
import type { PlatformDeps, PlatformGiven } from './deps.ts';
import { createMailer } from './clients/create-mailer.ts';
import { ErrorRecorder } from './logic/error-recorder.ts';
import { sealedMailTable } from './logic/mail-content.ts';
import { createHealthChecks } from './logic/health-checks.ts';
import { testMail } from './logic/mails/test-mail.ts';
import { namedSecretTable, putNamed, resolveNamed } from './logic/named-secrets.ts';
import { alertMail } from './logic/mails/alert-mail.ts';
import { tellOfErrors } from './logic/error-notices.ts';
import { createAlertRetention, createErrorRetention } from './logic/error-retention.ts';
import { createAlerts } from './logic/alerts.ts';
import { createNotices } from './logic/notices.ts';
import { createProcessSampler } from './logic/process-sampler.ts';
import { createProcessWatch } from './logic/process-watch.ts';
import { createPlatformRetention } from './logic/platform-retention.ts';
import { exposeActiveUsers } from './logic/expose-active-users.ts';
import { StatRecorder } from './logic/stat-recorder.ts';
import { createSettings } from './logic/settings.ts';
import { ThresholdWatch } from './logic/threshold-watch.ts';
import * as schema from './schema.ts';
import { listSettingRows } from './store/settings.ts';
import { acknowledgeAlert } from './usecases/alerts/acknowledge-alert.ts';
import { getAlerts } from './usecases/alerts/get-alerts.ts';
import { listAlerts } from './usecases/alerts/list-alerts.ts';
import { raiseAlert } from './usecases/alerts/raise-alert.ts';
import { resolveAlert } from './usecases/alerts/resolve-alert.ts';
import { checkAudit } from './usecases/audit/check-audit.ts';
import { exportAudit } from './usecases/audit/export-audit.ts';
import { getAuditLog } from './usecases/audit/get-audit-log.ts';
import { inspectAudit } from './usecases/audit/inspect-audit.ts';
import { listAuditLog } from './usecases/audit/list-audit-log.ts';
import { saveAudit } from './usecases/audit/save-audit.ts';
import { verifyAudit } from './usecases/audit/verify-audit.ts';
import { deliverAlert } from './usecases/channels/deliver-alert.ts';
import { getChannels } from './usecases/channels/get-channels.ts';
import { showWebhookKey } from './usecases/channels/show-webhook-key.ts';
import { testChannel } from './usecases/channels/test-channel.ts';
import { closeError } from './usecases/errors/close-error.ts';
import { getError } from './usecases/errors/get-error.ts';
import { getErrors } from './usecases/errors/get-errors.ts';
import { ignoreError } from './usecases/errors/ignore-error.ts';
import { listErrors } from './usecases/errors/list-errors.ts';
import { muteError } from './usecases/errors/mute-error.ts';
import { reopenError } from './usecases/errors/reopen-error.ts';
import { resolveError } from './usecases/errors/resolve-error.ts';
import { showError } from './usecases/errors/show-error.ts';
import { getConfig } from './usecases/config/get-config.ts';
import { clearCache } from './usecases/cache/clear-cache.ts';
import { getCacheStats } from './usecases/cache/get-cache-stats.ts';
import { invalidateCache } from './usecases/cache/invalidate-cache.ts';
import { showCache } from './usecases/cache/show-cache.ts';
import { showConfig } from './usecases/config/show-config.ts';
import { validateConfig } from './usecases/config/validate-config.ts';
import { stopDatabase } from './usecases/database/stop-database.ts';
import { discardDeadEvent } from './usecases/events/discard-dead-event.ts';
import { getDeadEvents } from './usecases/events/get-dead-events.ts';
import { getEvents } from './usecases/events/get-events.ts';
import { getSubscriptions } from './usecases/events/get-subscriptions.ts';
import { listEvents } from './usecases/events/list-events.ts';
import { pauseSubscription } from './usecases/events/pause-subscription.ts';
import { replaySubscription } from './usecases/events/replay-subscription.ts';
import { requeueEvent } from './usecases/events/requeue-event.ts';
import { rerunEvents } from './usecases/events/rerun-events.ts';
import { resumeSubscription } from './usecases/events/resume-subscription.ts';
import { retryDeadEvent } from './usecases/events/retry-dead-event.ts';
import { showEventLag } from './usecases/events/show-event-lag.ts';
import { doctor } from './usecases/doctor/doctor.ts';
import { getHealth } from './usecases/health/get-health.ts';
import { deliverMail } from './usecases/mails/deliver-mail.ts';
import { getMail } from './usecases/mails/get-mail.ts';
import { getMails } from './usecases/mails/get-mails.ts';
import { resendMail } from './usecases/mails/resend-mail.ts';
import { sendMail } from './usecases/mails/send-mail.ts';
import { sendTestMail } from './usecases/mails/send-test-mail.ts';
import { applyMigrations } from './usecases/migrations/apply-migrations.ts';
import { createMigration } from './usecases/migrations/create-migration.ts';
import { getMigrations } from './usecases/migrations/get-migrations.ts';
import { revertMigrations } from './usecases/migrations/revert-migrations.ts';
import { createSecret } from './usecases/secrets/create-secret.ts';
import { deleteSecret } from './usecases/secrets/delete-secret.ts';
import { getSecrets } from './usecases/secrets/get-secrets.ts';
import { listSecrets } from './usecases/secrets/list-secrets.ts';
import { removeSecret } from './usecases/secrets/remove-secret.ts';
import { rotateSecrets } from './usecases/secrets/rotate-secrets.ts';
import { setSecret } from './usecases/secrets/set-secret.ts';
import { updateSecret } from './usecases/secrets/update-secret.ts';
import { deleteSetting } from './usecases/settings/delete-setting.ts';
import { getSettings } from './usecases/settings/get-settings.ts';
import { listSettings } from './usecases/settings/list-settings.ts';
import { resetSetting } from './usecases/settings/reset-setting.ts';
import { setSetting } from './usecases/settings/set-setting.ts';
import { updateSetting } from './usecases/settings/update-setting.ts';
import { getCurrentMetrics } from './usecases/statistics/get-current-metrics.ts';
import { getDailyStats } from './usecases/statistics/get-daily-stats.ts';
import { rollUpStats } from './usecases/statistics/roll-up-stats.ts';
import { cancelTask } from './usecases/tasks/cancel-task.ts';
import { clearTasks } from './usecases/tasks/clear-tasks.ts';
import { createPartitions } from './usecases/retention/create-partitions.ts';
import { dropExpired } from './usecases/retention/drop-expired.ts';
import { fireSchedule } from './usecases/schedules/fire-schedule.ts';
import { getSchedule } from './usecases/schedules/get-schedule.ts';
import { getSchedules } from './usecases/schedules/get-schedules.ts';
import { holdSchedule } from './usecases/schedules/hold-schedule.ts';
import { listSchedules } from './usecases/schedules/list-schedules.ts';
import { pauseSchedule } from './usecases/schedules/pause-schedule.ts';
import { releaseSchedule } from './usecases/schedules/release-schedule.ts';
import { resumeSchedule } from './usecases/schedules/resume-schedule.ts';
import { triggerSchedule } from './usecases/schedules/trigger-schedule.ts';
import { getQueues } from './usecases/tasks/get-queues.ts';
import { getTask } from './usecases/tasks/get-task.ts';
import { getTasks } from './usecases/tasks/get-tasks.ts';
import { getWorkers } from './usecases/tasks/get-workers.ts';
import { holdQueue } from './usecases/tasks/hold-queue.ts';
import { listQueues } from './usecases/tasks/list-queues.ts';
import { listTasks } from './usecases/tasks/list-tasks.ts';
import { pauseQueue } from './usecases/tasks/pause-queue.ts';
import { probe } from './usecases/tasks/probe.ts';
import { probeTasks } from './usecases/tasks/probe-tasks.ts';
import { purgeTasks } from './usecases/tasks/purge-tasks.ts';
import { releaseQueue } from './usecases/tasks/release-queue.ts';
import { requeueTask } from './usecases/tasks/requeue-task.ts';
import { resumeQueue } from './usecases/tasks/resume-queue.ts';
import { retryTask } from './usecases/tasks/retry-task.ts';
import { retryTasks } from './usecases/tasks/retry-tasks.ts';
import { showTask } from './usecases/tasks/show-task.ts';
import { stopTask } from './usecases/tasks/stop-task.ts';

const usecases: readonly ((deps: PlatformDeps) => UseCase)[] = [
  acknowledgeAlert,
  applyMigrations,
  cancelTask,
  clearCache,
  checkAudit,
  clearTasks,
  closeError,
  createMigration,
  createPartitions,
  createSecret,
  deleteSecret,
  deleteSetting,
  deliverAlert,
  deliverMail,
  discardDeadEvent,
  doctor,
  dropExpired,
  exportAudit,
  fireSchedule,
  getAlerts,
  getAuditLog,
  getChannels,
  getCacheStats,
  getConfig,
  getError,
  getErrors,
  getCurrentMetrics,
  getDailyStats,
  getDeadEvents,
  getEvents,
  getHealth,
  getMail,
  getMails,
  getMigrations,
  getQueues,
  getSchedule,
  getSchedules,
  getSecrets,
  getSettings,
  getSubscriptions,
  getTask,
  getTasks,
  getWorkers,
  holdQueue,
  holdSchedule,
  ignoreError,
  listAlerts,
  inspectAudit,
  listAuditLog,
  listErrors,
  listEvents,
  invalidateCache,
  listQueues,
  listSchedules,
  listSecrets,
  listSettings,
  listTasks,
  muteError,
  pauseQueue,
  pauseSchedule,
  pauseSubscription,
  probe,
  probeTasks,
  purgeTasks,
  raiseAlert,
  releaseQueue,
  releaseSchedule,
  removeSecret,
  reopenError,
  replaySubscription,
  requeueEvent,
  requeueTask,
  rerunEvents,
  resendMail,
  resetSetting,
  resolveAlert,
  resolveError,
  resumeQueue,
  resumeSchedule,
  resumeSubscription,
  retryDeadEvent,
  retryTask,
  retryTasks,
  revertMigrations,
  rotateSecrets,
  rollUpStats,
  saveAudit,
  sendMail,
  sendTestMail,
  setSecret,
  setSetting,
  showCache,
  showConfig,
  showError,
  showEventLag,
  showTask,
  showWebhookKey,
  stopDatabase,
  stopTask,
  testChannel,
  triggerSchedule,
  updateSecret,
  updateSetting,
  verifyAudit,
  validateConfig,
];

export const createPlatformModule = ({
  listSettings: listDeclared,
  listModules,
  mail,
  dataDirectory,
  ...given
}: PlatformGiven): Module<PlatformPortal> => {
  const { kernel } = given;
  const processWatch = createProcessWatch();
  const settings = createSettings({
    listDeclared,
    listChanges: () => listSettingRows(kernel.database.lanes),
    feed: kernel.feed,
    events: kernel.events,
    log: kernel.log,
  });
  const mailer = createMailer(mail, kernel);
  const notices = createNotices(given);
  const alerts = createAlerts({ kernel, notices });
  const watch = new ThresholdWatch({ kernel, sampler: createProcessSampler(dataDirectory), alerts });
  const healthChecks = createHealthChecks(listModules);
  const deps: PlatformDeps = { ...given, notices, alerts, processWatch, settings, mailer, healthChecks };
  const recorder = new ErrorRecorder({ ...kernel, tell: (tx, recorded) => tellOfErrors(deps, tx, recorded) });
  const statistics = new StatRecorder(kernel);
  exposeActiveUsers(kernel, statistics);
  const retentions = [createErrorRetention(kernel), createAlertRetention(kernel), ...createPlatformRetention(kernel)];
  for (const retention of retentions) kernel.retention.add(retention);
  return {
    name: 'platform',
    portal: {
      getSetting: settings.get,
      isEnabled: settings.isEnabled,
      registerHealthCheck: healthChecks.register,
      putSecret: (secret) => putNamed(kernel, secret),
      resolveSecret: (name, { host }) => resolveNamed(kernel, name, host),
    },
    schema,
    sealed: [namedSecretTable, sealedMailTable],
    settings: [taskResultRetentionDays],
    mailTemplates: [alertMail, testMail],
    usecases: usecases.map((create) => create(deps)),
    start: async () => {
      await settings.load();
      processWatch.start();
      recorder.start();
      statistics.start();
      watch.start();
    },
    stop: async () => {
      await watch.stop();
      processWatch.stop();
      await statistics.stop();
      await recorder.stop();
    },
  };
};
