using System.Diagnostics;

namespace BeBiDa.Lab;

/// <summary>
/// Ends all processes of a lab when told to, or when this process is gone.
/// A parent-death signal would not do: Linux ties it to the thread that started the child, and .NET's
/// threads come and go.
/// </summary>
internal sealed class Reaper(Process process, string directory)
{
    private static readonly TimeSpan DaemonPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    /// <summary>The variable that marks a process as one of the lab in the given directory.</summary>
    public const string Mark = "BEBIDA_LAB";

    public static Reaper Start(string directory, bool keepDirectory)
    {
        using var source = typeof(Reaper).Assembly.GetManifestResourceStream("reaper.sh")!;
        var script = new StreamReader(source).ReadToEnd();
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var word in new[] { "bash", "-c", script, "reaper", directory, $"{DaemonPatience.TotalSeconds:0}" })
            start.ArgumentList.Add(word);
        if (keepDirectory)
            start.ArgumentList.Add("keep");
        start.Environment.Remove(Mark);
        return new Reaper(Process.Start(start)!, directory);
    }

    /// <summary>Ends the lab's processes; its directory goes with them.</summary>
    public async Task ReapAsync()
    {
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Bound);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new LabException($"The lab in {directory} did not end within {Bound.TotalSeconds:0} s.");
        }
        var exitCode = process.ExitCode;
        process.Dispose();
        if (exitCode != 0)
            throw new LabException($"Processes of the lab in {directory} could not be ended.");
    }
}
