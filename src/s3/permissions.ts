import type { ObjectParams } from '../shared/types.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const PERMISSIONS: Record<string, string> = {
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  DeleteObject: 's3:DeleteObject',
}

/** Parameters that need a permission of their own when the object is created. */
const PARAM_PERMISSIONS: Record<string, string> = {
  ACL: 's3:PutObjectAcl',
  GrantFullControl: 's3:PutObjectAcl',
  GrantRead: 's3:PutObjectAcl',
  GrantReadACP: 's3:PutObjectAcl',
  GrantWriteACP: 's3:PutObjectAcl',
  Tagging: 's3:PutObjectTagging',
  SSEKMSKeyId: 'kms:GenerateDataKey and kms:Decrypt',
}

/** Returns the permissions that an operation needs in IAM, or undefined if it is not known. */
export function permissionFor(operation: string, params: ObjectParams = {}): string | undefined {
  const permission = PERMISSIONS[operation]
  if (permission !== 's3:PutObject') return permission
  const more = Object.keys(params).flatMap(name => PARAM_PERMISSIONS[name] ?? [])
  return [...new Set([permission, ...more])].join(', ')
}
