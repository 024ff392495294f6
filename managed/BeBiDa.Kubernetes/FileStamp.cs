namespace BeBiDa.Kubernetes;

/// <summary>By what one sees that a file was replaced or written anew.</summary>
/// <param name="Written">When its content was last written.</param>
/// <param name="Length">Its length in bytes; -1 for a file that is not there.</param>
/// <param name="Target">Where it really is: kubelet replaces mounted secrets by turning a link to another directory.</param>
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
            // Amid being replaced; whoever reads it will say what is wrong.
            return default(FileStamp) with { Length = -1 };
        }
    }
}
