import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { malformedXml } from '../s3-error.ts'
import { childText, readXml } from '../xml/read-xml.ts'
import { parentElement, textElement, xmlDocument } from '../xml/write-xml.ts'

export const REGION = 'us-east-1'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export function listBuckets({ store }: S3Request): Reply {
  const buckets = store
    .buckets()
    .map(([name, { created }]) =>
      parentElement('Bucket', textElement('Name', name), textElement('CreationDate', created.toISOString())),
    )
  const owner = parentElement('Owner', textElement('ID', 'owner'))
  return xmlReply(xmlDocument('ListAllMyBucketsResult', owner, parentElement('Buckets', ...buckets)))
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export function createBucket({ store, bucket }: S3Request): Reply {
  store.createBucket(bucket)
  return { status: 200, headers: { location: `/${bucket}` } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export function headBucket({ store, bucket }: S3Request): Reply {
  store.bucket(bucket)
  return { status: 200, headers: { 'x-amz-bucket-region': REGION } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export function deleteBucket({ store, bucket }: S3Request): Reply {
  store.deleteBucket(bucket)
  return { status: 204 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export async function putBucketVersioning(request: S3Request): Promise<Reply> {
  const bucket = request.store.bucket(request.bucket)
  const status = childText(readXml(await request.readText()), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml()
  bucket.versioning = status
  return { status: 200 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
export function getBucketVersioning({ store, bucket }: S3Request): Reply {
  return xmlReply(
    xmlDocument('VersioningConfiguration', textElement('Status', store.bucket(bucket).versioning)),
  )
}
