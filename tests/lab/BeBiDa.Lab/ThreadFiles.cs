namespace BeBiDa.Lab;

/// <summary>What /proc tells of a process' threads, which end while they are read.</summary>
public static class ThreadFiles
{
    /// <summary>A file of every thread that is still there, such as <c>comm</c> (proc(5)).</summary>
    /// <exception cref="DirectoryNotFoundException">The process is gone.</exception>
    public static IEnumerable<string> Read(int process, string file) =>
        Directory.GetDirectories($"/proc/{process}/task").Select(thread => TryRead(Path.Combine(thread, file))).OfType<string>();

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
