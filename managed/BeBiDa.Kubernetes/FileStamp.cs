namespace BeBiDa.Kubernetes;

/// <summary>What changes when a file is replaced or rewritten.</summary>
/// <param name="Written">When its content was last written.</param>
/// <param name="Length">Its length in bytes; -1 if it does not exist.</param>
/// <param name="Target">Its resolved path: kubelet updates a mounted secret by pointing a link at another directory.</param>
internal readonly record struct FileStamp(DateTime Written, long Length, string Target)
{
    /// <summary>The stamp of a file, and of the file that a link leads to.</summary>
    public static FileStamp Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
                file = target;
            return file.Exists ? new FileStamp(file.LastWriteTimeUtc, file.Length, file.FullName) : default(FileStamp) with { Length = -1 };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is being replaced; the reader will say what is wrong.
            return default(FileStamp) with { Length = -1 };
        }
    }
}
