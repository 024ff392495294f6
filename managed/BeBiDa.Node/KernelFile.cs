namespace BeBiDa.Node;

/// <summary>The files of proc(5) and cgroups(7), each of which goes with its process or cgroup, also while it is read.</summary>
internal static class KernelFile
{
    /// <summary>Reads a file.</summary>
    /// <returns>Null when it is gone.</returns>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
