using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BeBiDa.Lab;

namespace BeBiDa.Vm;

/// <summary>
/// QEMU's guest agent: a process of the machine that runs commands there, as root, for whoever writes JSON to a socket
/// here (QEMU's qga-qmp.7). No network of the machine is needed.
/// </summary>
/// <param name="socketPath">Where QEMU listens.</param>
internal sealed class GuestAgent(string socketPath) : IDisposable
{
    // Whether a command has ended is asked for, and each question costs the machine time: so with ever longer pauses.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_lastPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim turn = new(1, 1);
    private Socket? socket;
    private StreamReader? reader;

    /// <summary>Runs a command to its end, whatever its exit code; an error when the machine goes down meanwhile.</summary>
    public async Task<CommandResult> ExecuteAsync(IReadOnlyList<string> command, string? input, CancellationToken cancellationToken)
    {
        var arguments = new JsonObject
        {
            ["path"] = command[0],
            ["arg"] = new JsonArray([.. command.Skip(1).Select(word => JsonValue.Create(word))]),
            ["env"] = new JsonArray("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"),
            ["capture-output"] = true,
        };
        if (input is not null)
            arguments["input-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(input));
        var process = (await AskAsync("guest-exec", arguments, cancellationToken)).GetProperty("pid").GetInt64();
        for (var pause = s_firstPause; ; pause = pause * 1.5 < s_lastPause ? pause * 1.5 : s_lastPause)
        {
            await Task.Delay(pause, cancellationToken);
            var status = await AskAsync("guest-exec-status", new JsonObject { ["pid"] = process }, cancellationToken);
            if (status.GetProperty("exited").GetBoolean())
                return new CommandResult(
                    $"guest: {string.Join(' ', command)}",
                    ExitCode(status),
                    Text(status, "out-data"),
                    Text(status, "err-data")
                );
        }
    }

    /// <summary>Whether the agent answers.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync("guest-ping", [], cancellationToken);
            return true;
        }
        catch (LabException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Disconnect();
        turn.Dispose();
    }

    // As a shell would: what a signal ended has 128 and its number.
    private static int ExitCode(JsonElement status) =>
        status.TryGetProperty("exitcode", out var code) ? code.GetInt32() : 128 + status.GetProperty("signal").GetInt32();

    private static string Text(JsonElement status, string name) =>
        status.TryGetProperty(name, out var data) ? Encoding.UTF8.GetString(data.GetBytesFromBase64()) : "";

    private async Task<JsonElement> AskAsync(string command, JsonObject arguments, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_answer);
            if (socket is null)
                await ConnectAsync(limit.Token);
            var answer = await ExchangeAsync(command, arguments, limit.Token);
            if (answer.TryGetProperty("error", out var error))
                throw new LabException($"The machine's agent refuses {command}: {error.GetProperty("desc").GetString()}");
            return answer.GetProperty("return");
        }
        catch (Exception e) when (e is IOException or SocketException or JsonException || IsTimeout(e, cancellationToken))
        {
            Disconnect();
            throw new LabException($"The machine's agent does not answer {command}: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            // Its answer may come yet, to nobody.
            Disconnect();
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    private static bool IsTimeout(Exception e, CancellationToken asked) =>
        e is OperationCanceledException && !asked.IsCancellationRequested;

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
        reader = new StreamReader(new NetworkStream(socket));
        // Whatever answers come before this one's were for somebody who has left.
        var mark = Random.Shared.Next();
        var answer = await ExchangeAsync("guest-sync", new JsonObject { ["id"] = mark }, cancellationToken);
        while (!(answer.TryGetProperty("return", out var id) && id.ValueKind == JsonValueKind.Number && id.GetInt64() == mark))
            answer = await ReadAsync(cancellationToken);
    }

    private async Task<JsonElement> ExchangeAsync(string command, JsonObject arguments, CancellationToken cancellationToken)
    {
        var line = new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString() + "\n";
        await socket!.SendAsync(Encoding.UTF8.GetBytes(line), cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    private async Task<JsonElement> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await reader!.ReadLineAsync(cancellationToken) ?? throw new IOException("QEMU has closed the socket");
        using var answer = JsonDocument.Parse(line);
        return answer.RootElement.Clone();
    }

    private void Disconnect()
    {
        reader?.Dispose();
        socket?.Dispose();
        (reader, socket) = (null, null);
    }
}
