/** What generated clients call each operation: theirs for good, whatever becomes of its path. */
const COMMON = {
  "GET /": "describeService",
  "GET /health": "getHealth",
  "GET /version": "getVersion",
  "GET /livez": "isAlive",
  "GET /readyz": "isReady",
};

const GATEWAY = {
  "GET /config": "queryParameters",
  "POST /config/batch": "getParameters",
  "GET /config/{name}": "getParameter",
  "GET /storage": "listBuckets",
  "GET /storage/{bucket}": "listObjects",
  "GET /storage/{bucket}/{key}": "getObject",
  "GET /presigned/{bucket}/{key}": "presignObject",
};

const AUX = {
  "GET /parameters": "queryParameters",
  "POST /parameters/batch": "getParameters",
  "GET /parameters/{name}": "getParameter",
  "GET /s3/buckets": "listBuckets",
  "GET /s3/buckets/{bucket}": "listObjects",
  "GET /s3/objects": "getObject",
  "HEAD /s3/objects": "headObject",
  "GET /s3/presigned": "presignObject",
  "GET /s3/versions": "listObjectVersions",
};

const V1 = {
  "POST /v1/auth/challenge": "createLoginChallenge",
  "POST /v1/auth/aws-login": "logInWithAws",
  "GET /v1/keys": "listKeys",
  "POST /v1/keys/rotate": "rotateKey",
  "DELETE /v1/keys/{key_prefix}": "revokeKey",
  "POST /v1/jobs/submit": "submitJob",
  "POST /v1/jobs/plan": "planJob",
  "GET /v1/jobs": "listJobs",
  "GET /v1/jobs/{job_id}": "getJob",
  "GET /v1/jobs/{job_id}/explain": "explainJob",
  "GET /v1/jobs/{job_id}/logs": "getJobLogs",
  "GET /v1/jobs/{job_id}/events": "getJobEvents",
  "GET /v1/jobs/{job_id}/tunnel": "openJobTunnel",
  "POST /v1/jobs/{job_id}/cancel": "cancelJob",
  "POST /v1/jobs/{job_id}/extend": "extendJob",
  "POST /v1/jobs/{job_id}/jupyter/enable": "enableJupyter",
  "POST /v1/jobs/{job_id}/jupyter/disable": "disableJupyter",
  "POST /v1/jobs/{job_id}/users": "addJobUser",
  "GET /v1/disks": "listDisks",
  "POST /v1/disks": "createDisk",
  "GET /v1/disks/{disk_name}": "getDisk",
  "DELETE /v1/disks/{disk_name}": "deleteDisk",
  "POST /v1/disks/{disk_name}/restore": "restoreDisk",
  "POST /v1/disks/{disk_name}/rename": "renameDisk",
  "POST /v1/disks/{disk_name}/resize": "resizeDisk",
  "GET /v1/disks/{disk_name}/snapshots": "listDiskSnapshots",
  "POST /v1/disks/{disk_name}/snapshots": "createDiskSnapshot",
  "GET /v1/disks/{disk_name}/operations/{operation_id}": "getDiskOperation",
  "GET /v1/disks/{disk_name}/content": "getDiskContent",
  "GET /v1/gpu/availability": "getGpuAvailability",
  "GET /v1/cluster/status": "getClusterStatus",
};

const ADMIN = {
  "GET /v1/admin/users": "adminListUsers",
  "GET /v1/admin/users/{user_id}": "adminGetUser",
  "DELETE /v1/admin/users/{user_id}": "adminDeleteUser",
  "POST /v1/admin/users/{user_id}/disable": "adminDisableUser",
  "POST /v1/admin/users/{user_id}/enable": "adminEnableUser",
  "GET /v1/admin/users/{user_id}/keys": "adminListKeys",
  "DELETE /v1/admin/users/{user_id}/keys": "adminRevokeKeys",
  "DELETE /v1/admin/users/{user_id}/keys/{key_prefix}": "adminRevokeKey",
  "GET /v1/admin/jobs": "adminListJobs",
  "GET /v1/admin/jobs/{job_id}": "adminGetJob",
  "POST /v1/admin/jobs/{job_id}/cancel": "adminCancelJob",
  "POST /v1/admin/jobs/{job_id}/extend": "adminExtendJob",
  "GET /v1/admin/quotas": "adminListQuotas",
  "POST /v1/admin/quotas": "adminSetQuota",
  "POST /v1/admin/quotas/remove": "adminRemoveQuota",
  "POST /v1/admin/quotas/check": "adminCheckQuota",
  "GET /v1/admin/cordons": "adminListCordons",
  "POST /v1/admin/cordons": "adminSetCordon",
  "POST /v1/admin/cordons/lift": "adminLiftCordon",
  "GET /v1/admin/dead-orders": "adminListDeadOrders",
  "POST /v1/admin/dead-orders/redrive": "adminRedriveDeadOrders",
  "POST /v1/admin/dead-orders/drop": "adminDropDeadOrders",
  "GET /v1/admin/duties": "adminListDuties",
  "POST /v1/admin/duties/run": "adminRunDuty",
  "GET /v1/admin/orphans": "adminListOrphans",
  "POST /v1/admin/orphans/remove": "adminRemoveOrphan",
  "GET /v1/admin/nodes": "adminListNodes",
  "GET /v1/admin/retention": "adminGetRetention",
};

const INTERNAL = {
  "POST /internal/key-check": "checkKey",
  "POST /internal/pod-plan": "planPod",
  "GET /internal/jobs/{job_id}/logs": "readJobLog",
  "GET /internal/jobs/{job_id}/logs/follow": "followJobLog",
  "GET /internal/jobs/{job_id}/tunnel": "openJobTunnel",
};

/** By method and path as OpenAPI writes it. */
export const OPERATION_IDS: Readonly<Record<string, string>> = {
  ...COMMON,
  ...GATEWAY,
  ...AUX,
  ...V1,
  ...ADMIN,
  ...INTERNAL,
};
