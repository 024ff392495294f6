using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BeBiDa.Chaos.Adversities;

/// <summary>How what is between plugin and API server behaves.</summary>
public enum ProxyMode
{
    /// <summary>All comes through.</summary>
    Open,

    /// <summary>Connections are refused, and those there were are reset.</summary>
    Refusing,

    /// <summary>Connections are accepted, or stay, and nothing comes through; when that is over, what was held back does.</summary>
    Silent,

    /// <summary>All comes through, <see cref="ApiProxy.Delay"/> later.</summary>
    Slow,
}

/// <summary>The network between the plugin and the API server: TCP on loopback, and what can befall it.</summary>
public sealed class ApiProxy : IAsyncDisposable
{
    private readonly Uri server;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<TcpClient, bool> connections = new();
    private readonly Lock gate = new();
    private TcpListener? listener;
    private TaskCompletionSource through = Opened();
    private volatile ProxyMode mode;

    /// <summary>Listens on a free port.</summary>
    public ApiProxy(Uri server)
    {
        this.server = server;
        Listen(0);
        Url = new UriBuilder(server) { Port = ((IPEndPoint)listener!.LocalEndpoint).Port }.Uri;
    }

    /// <summary>Where it listens: the same host as the server's, so that its certificate fits.</summary>
    public Uri Url { get; }

    /// <summary>What <see cref="ProxyMode.Slow"/> adds to each packet, each way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How it behaves from now on.</summary>
    public void Set(ProxyMode wanted)
    {
        lock (gate)
        {
            mode = wanted;
            if (wanted == ProxyMode.Silent)
                through = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            else
                through.TrySetResult();
            if (wanted == ProxyMode.Refusing)
            {
                StopListening();
            }
            else if (listener is null)
                Listen(Url.Port);
        }
        if (wanted == ProxyMode.Refusing)
            Cut();
    }

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        foreach (var connection in connections.Keys)
            Reset(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        lock (gate)
        {
            StopListening();
            through.TrySetResult();
        }
        Cut();
        stop.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var opened = new TaskCompletionSource();
        opened.SetResult();
        return opened;
    }

    // With no time to linger a close is a reset.
    private static void Reset(TcpClient connection)
    {
        try
        {
            connection.Client.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or NullReferenceException)
        {
            // It has closed by itself.
        }
        connection.Dispose();
    }

    // Disposing alone does not end it where a program that is just starting has a copy of it.
    private void StopListening()
    {
        listener?.Server.Shutdown(SocketShutdown.Both);
        listener?.Dispose();
        listener = null;
    }

    private void Listen(int port)
    {
        var listening = new TcpListener(IPAddress.Loopback, port);
        listening.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listening.Start();
        listener = listening;
        _ = AcceptAsync(listening);
    }

    private async Task AcceptAsync(TcpListener listening)
    {
        try
        {
            while (true)
                _ = CarryAsync(await listening.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // No longer listening.
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        var upstream = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        connections[client] = true;
        connections[upstream] = true;
        try
        {
            if (mode == ProxyMode.Refusing)
                return;
            await upstream.ConnectAsync(IPAddress.Loopback, server.Port, stop.Token);
            await Task.WhenAny(PumpAsync(client, upstream), PumpAsync(upstream, client));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server is away, or the client has gone.
        }
        finally
        {
            foreach (var end in new[] { client, upstream })
            {
                connections.TryRemove(end, out _);
                Reset(end);
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            var (source, sink) = (from.GetStream(), to.GetStream());
            int count;
            while ((count = await source.ReadAsync(buffer, stop.Token)) > 0)
            {
                if (mode == ProxyMode.Slow)
                    await Task.Delay(Delay, stop.Token);
                await Through().WaitAsync(stop.Token);
                await sink.WriteAsync(buffer.AsMemory(0, count), stop.Token);
            }
        }
        catch (Exception error)
            when (error is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // One of the two has gone.
        }
    }

    private Task Through()
    {
        lock (gate)
            return through.Task;
    }
}
