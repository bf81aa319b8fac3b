/** What is not there, told as AWS's own "not there" is: nobody can tell a denied object from none. */
import { awsProblem } from "@airlock/aws";

export const noSuchBucket = () => awsProblem("bucket_not_found");
export const noSuchObject = () => awsProblem("object_not_found");
