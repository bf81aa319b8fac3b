/** Every statement, by table. */
export { type ChallengeState, consumeChallenge } from "./challenges/consume-challenge.ts";
export { type InsertChallengeArgs, insertChallenge } from "./challenges/insert-challenge.ts";
export { listRecentJobs, type RecentJobRow } from "./cluster/list-recent-jobs.ts";
export { type ClusterTypeRow, readClusterType } from "./cluster/read-cluster.ts";
export { liftCordon } from "./cordons/lift-cordon.ts";
export { type CordonRow, listCordons } from "./cordons/list-cordons.ts";
export { type CordonTarget, type SetCordonArgs, setCordon } from "./cordons/set-cordon.ts";
export {
  type DiskOperationRow,
  type DiskOperationStatus,
  findDiskOperation,
} from "./disk-operations/find-disk-operation.ts";
export { findOpenOperation } from "./disk-operations/find-open-operation.ts";
export {
  type DiskAction,
  type InsertDiskOperationArgs,
  insertDiskOperation,
} from "./disk-operations/insert-disk-operation.ts";
export { oldestOpenOperationSeconds } from "./disk-operations/oldest-open-operation.ts";
export { beginPurge } from "./disks/begin-purge.ts";
export { callForDisks } from "./disks/call-for-disks.ts";
export { type ClaimedDisk, claimDisk } from "./disks/claim-disk.ts";
export {
  type ClaimDueDisksArgs,
  claimDueDisks,
  type DueDisk,
  type OpenOperation,
  type OpenSnapshot,
} from "./disks/claim-due-disks.ts";
export type { DiskName, DiskRow } from "./disks/disk-row.ts";
export type { DiskState } from "./disks/disk-states.ts";
export { dropSnapshot } from "./disks/drop-snapshot.ts";
export { endPurge } from "./disks/end-purge.ts";
export { type EndResizeArgs, endResize } from "./disks/end-resize.ts";
export { type FaultDiskArgs, faultDisk, type VolumeFault } from "./disks/fault-disk.ts";
export { type ContentRow, findContent } from "./disks/find-content.ts";
export { findDisk } from "./disks/find-disk.ts";
export { type DiskWishRow, findDiskWish } from "./disks/find-disk-wish.ts";
export { findJobWantingDisk } from "./disks/find-job-wanting-disk.ts";
export { findSnapshot } from "./disks/find-snapshot.ts";
export { type FreeDiskArgs, freeDisk } from "./disks/free-disk.ts";
export type { HeldDisk } from "./disks/held-disk.ts";
export { type DiskSource, type InsertDiskArgs, insertDisk } from "./disks/insert-disk.ts";
export { listDisks } from "./disks/list-disks.ts";
export { listSnapshots } from "./disks/list-snapshots.ts";
export { lockDisk } from "./disks/lock-disk.ts";
export { markDiskDeleted } from "./disks/mark-disk-deleted.ts";
export { type Listing, type MoveContentArgs, moveContent } from "./disks/move-content.ts";
export { type MoveDiskArgs, moveDisk } from "./disks/move-disk.ts";
export { type MoveSnapshotArgs, moveSnapshot, type SnapshotMove } from "./disks/move-snapshot.ts";
export { noteSnapshotAsked, noteSnapshotForCopy } from "./disks/note-snapshot.ts";
export { renameDisk } from "./disks/rename-disk.ts";
export { restoreDisk } from "./disks/restore-disk.ts";
export { retireSnapshots, type SnapshotRetention } from "./disks/retire-snapshots.ts";
export { type SettleDiskArgs, settleDisk } from "./disks/settle-disk.ts";
export type {
  ContentState,
  SnapshotReason,
  SnapshotRow,
  SnapshotState,
} from "./disks/snapshot-row.ts";
export { takeDisk } from "./disks/take-disk.ts";
export { callDuty } from "./duties/call-duty.ts";
export { type ClaimDutyArgs, claimDuty } from "./duties/claim-duty.ts";
export { finishDuty } from "./duties/finish-duty.ts";
export { type DutyRow, listDuties } from "./duties/list-duties.ts";
export { applyGpuTypes } from "./gpu-types/apply-gpu-types.ts";
export { type FindGpuTypesArgs, findGpuTypes } from "./gpu-types/find-gpu-types.ts";
export type { GpuTypeRow } from "./gpu-types/gpu-type-row.ts";
export { listMachineTypes, type MachineTypeRow } from "./gpu-types/list-machine-types.ts";
export { beginIdempotent, type IdempotentBegin } from "./idempotency/begin-idempotent.ts";
export type { ClaimKeyArgs, IdempotencyKey } from "./idempotency/claim-key.ts";
export { type FinishIdempotentArgs, finishIdempotent } from "./idempotency/finish-idempotent.ts";
export type { AdminJobRow } from "./jobs/admin-job-row.ts";
export { callForJobs } from "./jobs/call-for-jobs.ts";
export { type Asker, cancelWaitingJob } from "./jobs/cancel-waiting-job.ts";
export {
  checkStanding,
  type StandingArgs,
  type StandingRow,
} from "./jobs/check-standing.ts";
export { type ClaimDueJobsArgs, type ClaimedJob, claimDueJobs } from "./jobs/claim-due-jobs.ts";
export { clearRequestError } from "./jobs/clear-request-error.ts";
export { countJobs } from "./jobs/count-jobs.ts";
export { type FaultJobArgs, faultJob } from "./jobs/fault-job.ts";
export { findAnyJobsByPrefix } from "./jobs/find-any-jobs-by-prefix.ts";
export { type FindJobArgs, findJob } from "./jobs/find-job.ts";
export { findJobHeads, type JobHead } from "./jobs/find-job-heads.ts";
export { findJobLog, type JobLogRow } from "./jobs/find-job-log.ts";
export { findJobOwner } from "./jobs/find-job-owner.ts";
export { findJobPod, type JobPodRow } from "./jobs/find-job-pod.ts";
export { type FindJobsByPrefixArgs, findJobsByPrefix } from "./jobs/find-jobs-by-prefix.ts";
export { findPullFailures, type PullFailures } from "./jobs/find-pull-failures.ts";
export { type InsertedJob, type InsertJobArgs, insertJob } from "./jobs/insert-job.ts";
export type { JobFilter } from "./jobs/job-filter.ts";
export type { JobRow, ListedJobRow, StatusChange } from "./jobs/job-row.ts";
export {
  FINAL_STATES,
  type FinalState,
  isFinal,
  isLive,
  JOB_STATES,
  type JobState,
  LIVE_STATES,
  type LiveState,
  WAITING_STATES,
} from "./jobs/job-states.ts";
export { type KeepHostKeyArgs, keepHostKey } from "./jobs/keep-host-key.ts";
export { type ListAllJobsArgs, listAllJobs } from "./jobs/list-all-jobs.ts";
export { type JobEventRow, listJobEvents } from "./jobs/list-job-events.ts";
export { type JobPosition, type ListJobsArgs, listJobs } from "./jobs/list-jobs.ts";
export type { WaitingJobRow } from "./jobs/list-waiting-jobs.ts";
export { listWaitingTypes } from "./jobs/list-waiting-types.ts";
export {
  type JobChanges,
  type JobEvent,
  type MovedJob,
  type MoveJobArgs,
  moveJob,
} from "./jobs/move-job.ts";
export { type PromisedStart, promiseStarts } from "./jobs/promise-starts.ts";
export { type PutOffJobArgs, putOffJob } from "./jobs/put-off-job.ts";
export { type JobFiles, readJobFiles } from "./jobs/read-job-files.ts";
export { type JobNews, type JobNewsArgs, readJobNews } from "./jobs/read-job-news.ts";
export { type JobStart, readJobStart } from "./jobs/read-job-start.ts";
export { readStarts, type StartRow } from "./jobs/read-starts.ts";
export { type TellJobArgs, tellJob } from "./jobs/tell-job.ts";
export { tellWaitingJobs } from "./jobs/tell-waiting-jobs.ts";
export { endOldestBeyond } from "./keys/end-oldest-beyond.ts";
export { type FoundKey, findKeyByHash } from "./keys/find-key-by-hash.ts";
export { type FindRotationArgs, findRotation, type RotatedKeyRow } from "./keys/find-rotation.ts";
export { type InsertKeyArgs, insertKey } from "./keys/insert-key.ts";
export type { KeyRow } from "./keys/key-row.ts";
export { listKeys } from "./keys/list-keys.ts";
export { revokeKey } from "./keys/revoke-key.ts";
export { type RotateKeyArgs, rotateKey } from "./keys/rotate-key.ts";
export { touchLastUsed } from "./keys/touch-last-used.ts";
export { deleteGoneNodes } from "./nodes/delete-gone-nodes.ts";
export { lastLook } from "./nodes/last-look.ts";
export { type AnyNodeRow, listAllNodes } from "./nodes/list-all-nodes.ts";
export type { NodeRow } from "./nodes/list-nodes.ts";
export { nodeExists } from "./nodes/node-exists.ts";
export { type ForeignAmount, writeForeignAmounts } from "./nodes/write-foreign-amounts.ts";
export { type SeenNode, writeNodes } from "./nodes/write-nodes.ts";
export { type PodOnNode, writeUnbookedAmounts } from "./nodes/write-unbooked-amounts.ts";
export { type BookPodArgs, bookPod } from "./pods/book-pod.ts";
export { callForLostPods } from "./pods/call-for-lost-pods.ts";
export { findOrphans, type SeenPod, type StrayPod } from "./pods/find-orphans.ts";
export { GIVEN_BACK, giveBackPod } from "./pods/give-back-pod.ts";
export type { BookingRow } from "./pods/list-bookings.ts";
export { listStrays, type StrayRow } from "./pods/list-strays.ts";
export { type NoteFilesArgs, noteFiles, notePoke } from "./pods/note-files.ts";
export { type NoteFirstFilesArgs, noteFirstFiles } from "./pods/note-first-files.ts";
export { type NotedStray, noteStrays } from "./pods/note-strays.ts";
export { type ProvePodArgs, provePod } from "./pods/prove-pod.ts";
export { releasePods } from "./pods/release-pods.ts";
export { listUnwantedStrays, unwantStray } from "./pods/unwant-strays.ts";
export { type ApplyDiskOrdersArgs, applyDiskOrders } from "./queue/apply-disk-orders.ts";
export { type ApplyOrdersArgs, applyOrders } from "./queue/apply-orders.ts";
export type { HeldOrder } from "./queue/archive-orders.ts";
export {
  type DeadOrderRow,
  dropDeadOrders,
  listDeadOrders,
  redriveDeadOrders,
} from "./queue/dead-orders.ts";
export { type FaultOrderArgs, faultOrder } from "./queue/fault-order.ts";
export { haveHeaders } from "./queue/have-headers.ts";
export { queueExists } from "./queue/queue-exists.ts";
export { type QueueMetrics, queueMetrics } from "./queue/queue-metrics.ts";
export { type ReadOrder, type ReadOrdersArgs, readOrders } from "./queue/read-orders.ts";
export { type SendOrderArgs, sendOrder } from "./queue/send-order.ts";
export { deleteQuota } from "./quotas/delete-quota.ts";
export { hasQuotas } from "./quotas/has-quotas.ts";
export { listHoldings, type UserHoldings } from "./quotas/list-holdings.ts";
export { type ListedQuotaRow, listQuotas } from "./quotas/list-quotas.ts";
export type { QuotaLimits, QuotaRow, QuotaSubject } from "./quotas/quota-row.ts";
export { type Holdings, readHoldings } from "./quotas/read-holdings.ts";
export { type SetQuotaArgs, setQuota } from "./quotas/set-quota.ts";
export type { OwnerRow } from "./quotas/waiting-owners.ts";
export { countPurgeable, type Purgeable } from "./retention/count-purgeable.ts";
export { deleteEndedKeys } from "./retention/delete-ended-keys.ts";
export { deleteExpiredAnswers } from "./retention/delete-expired-answers.ts";
export { deleteExpiredChallenges } from "./retention/delete-expired-challenges.ts";
export { deleteOldArchive } from "./retention/delete-old-archive.ts";
export { deleteOldFaults } from "./retention/delete-old-faults.ts";
export { deleteOldJobs } from "./retention/delete-old-jobs.ts";
export { deleteOldOperations } from "./retention/delete-old-operations.ts";
export { isSchemaReady, LATEST_MIGRATION } from "./schema/is-schema-ready.ts";
export { serverFault } from "./server/server-fault.ts";
export { type BeginTaskArgs, beginTask } from "./tasks/begin-task.ts";
export { dropTasks, endTasks } from "./tasks/end-tasks.ts";
export { insertTask } from "./tasks/insert-task.ts";
export { type ListBegunTasksArgs, listBegunTasks } from "./tasks/list-begun-tasks.ts";
export { type PutOffTaskArgs, putOffTask } from "./tasks/put-off-task.ts";
export type { TaskKind, TaskRow } from "./tasks/task-row.ts";
export type { AdminUserRow } from "./users/admin-user-row.ts";
export { beginDeletion } from "./users/begin-deletion.ts";
export { type EraseStep, eraseStep } from "./users/erase-step.ts";
export { findUser } from "./users/find-user.ts";
export { ERASE_DUTY, listDeletingUsers } from "./users/list-deleting-users.ts";
export { type ListUsersArgs, listUsers, type UserState } from "./users/list-users.ts";
export { lockActiveUser } from "./users/lock-active-user.ts";
export { lockUser } from "./users/lock-user.ts";
export { setUserActive } from "./users/set-user-active.ts";
export { upsertUser } from "./users/upsert-user.ts";
export type { AwsIdentity, UserRow } from "./users/user-row.ts";
