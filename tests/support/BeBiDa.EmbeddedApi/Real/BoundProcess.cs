using System.Diagnostics;

namespace BeBiDa.EmbeddedApi.Real;

/// <summary>
/// A program that ends when we do: a shell beside it waits on a pipe from us, which closes with this process however
/// it dies. (A parent-death signal would follow the thread that started the program, not the process.)
/// </summary>
public sealed class BoundProcess : IAsyncDisposable
{
    private const string Watchman = """
        log=$1; shift
        "$@" >"$log" 2>&1 </dev/null &
        child=$!
        cat >/dev/null
        kill -KILL $child 2>/dev/null
        wait $child 2>/dev/null
        """;

    private readonly Process shell;

    public BoundProcess(string program, string log, params IEnumerable<string> arguments)
    {
        Log = log;
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in (string[])["-c", Watchman, "sh", log, program, .. arguments])
            start.ArgumentList.Add(argument);
        shell = Process.Start(start)!;
    }

    public string Log { get; }

    public string LastLines(int count = 15) => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(count)) : "";

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }
}
