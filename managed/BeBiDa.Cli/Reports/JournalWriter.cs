using System.Text.Json;
using BeBiDa.Accounts;
using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Reports;

/// <summary>Writes a journal: each line in one write, to the end of its day's file.</summary>
internal sealed class JournalWriter : IJournal, IDisposable
{
    // rw-r--r--: it names nodes and jobs, but no users, and whoever may run a report reads it.
    private const int Mode = 0b110_100_100;

    private readonly string folder;
    private readonly int keepDays;
    private readonly ILogger logger;
    private readonly FileStream isOurs;
    private FileStream? file;
    private DateOnly open;
    private bool isTorn;
    private bool isFailing;

    /// <summary>Gets ready, and makes the folder.</summary>
    /// <param name="folder">The journal's folder.</param>
    /// <param name="keepDays">How many days' files are kept, the newest and that of today.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="ConfigurationException">It cannot be written to, or somebody else does.</exception>
    public JournalWriter(string folder, int keepDays, ILogger logger)
    {
        (this.folder, this.keepDays, this.logger) = (folder, keepDays, logger);
        var claim = Path.Combine(folder, "lock");
        try
        {
            Directory.CreateDirectory(folder);
            isOurs = new FileStream(claim, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ConfigurationException($"--directory: {e.Message}");
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"--directory: {e.Message} (does another bebidactl record write there?)");
        }
    }

    /// <inheritdoc/>
    public bool Append(DateOnly day, JournalLine line)
    {
        try
        {
            if (file is null || day != open)
                Open(day);
            var json = JsonSerializer.SerializeToUtf8Bytes(line, JournalJson.Default.JournalLine);
            // What a process could not finish stays a line of its own.
            byte[] whole = isTorn ? [(byte)'\n', .. json, (byte)'\n'] : [.. json, (byte)'\n'];
            isTorn = true;
            file!.Write(whole);
            isTorn = false;
            if (isFailing)
                logger.JournalWrittenAgain(folder);
            isFailing = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!isFailing)
                logger.JournalNotWritten(folder, e.Message);
            isFailing = true;
            file?.Dispose();
            file = null;
            return false;
        }
    }

    public void Dispose()
    {
        file?.Dispose();
        isOurs.Dispose();
    }

    private void Open(DateOnly day)
    {
        file?.Dispose();
        var path = JournalFolder.File(folder, day);
        isTorn = EndsTorn(path);
        file = LogFile.Append(path, Mode);
        open = day;
        // By number and not by date: a clock that jumps ahead makes all of them look old.
        foreach (var old in JournalFolder.Files(folder).Where(f => f.Day != day).SkipLast(keepDays - 1))
            File.Delete(old.File);
    }

    private static bool EndsTorn(string path)
    {
        if (!File.Exists(path))
            return false;
        using var written = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (written.Length == 0)
            return false;
        written.Seek(-1, SeekOrigin.End);
        return written.ReadByte() != '\n';
    }
}
