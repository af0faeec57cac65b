import type { Module } from '#kernel/module.ts';
import type { AsyncTask, EventSubscriber, ManualCommand, UseCase, UserAction } from '#kernel/usecase.ts';

export type ModuleUseCase<U extends UseCase = UseCase> = {
  readonly module: string;
  readonly usecase: U;
  /** Largest request body; absent: the server's own limit. */
  readonly bodyLimitBytes?: number;
};

type Modules = { readonly modules: readonly Module<unknown>[] };

/** Every use case of every module, in the order of the modules' tables of contents. */
export const listUseCases = ({ modules }: Modules): readonly ModuleUseCase[] =>
  modules.flatMap(({ name, usecases, bodyLimitBytes }) =>
    usecases.map((usecase) => ({ module: name, usecase, ...(bodyLimitBytes !== undefined && { bodyLimitBytes }) })),
  );

const isUserAction = (entry: ModuleUseCase): entry is ModuleUseCase<UserAction> => entry.usecase.type === 'user_action';
const isCommand = (entry: ModuleUseCase): entry is ModuleUseCase<ManualCommand> =>
  entry.usecase.type === 'manual_command';

const isSubscriber = (entry: ModuleUseCase): entry is ModuleUseCase<EventSubscriber> =>
  entry.usecase.type === 'event_subscriber';

const isTask = (entry: ModuleUseCase): entry is ModuleUseCase<AsyncTask> => entry.usecase.type === 'async_task';

export const listTasks = (app: Modules) => listUseCases(app).filter(isTask);
export const listSubscribers = (app: Modules) => listUseCases(app).filter(isSubscriber);
export const listUserActions = (app: Modules) => listUseCases(app).filter(isUserAction);
export const listCommands = (app: Modules) => listUseCases(app).filter(isCommand);
