using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace BeBiDa.Lab;

/// <summary>
/// systemd's side of sd_notify(3), for a daemon that hands over to another process: <c>slurmctld --systemd</c> does so, from
/// 23.11 on, whenever it is reconfigured.
/// </summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _message = new byte[4096];
    private int? _told;
    private bool _disposed;

    public NotifySocket(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        // At once: 26.05 waits, for up to 5 s, until the descriptor is closed that it sends along (sd_notify_barrier). A
        // message that is read without its descriptors closes them.
        new Thread(ReadOn) { IsBackground = true }.Start();
    }

    /// <summary>What <c>NOTIFY_SOCKET</c> has to be.</summary>
    public string Path { get; }

    /// <summary>The process that the daemon has named last; null when none was, since it was started last.</summary>
    public int? MainProcess
    {
        get
        {
            // Whoever has seen a process end has what it sent before.
            lock (_message)
            {
                Read();
                return _told;
            }
        }
    }

    /// <summary>Forgets what an earlier process has said.</summary>
    public void Forget()
    {
        lock (_message)
        {
            Read();
            _told = null;
        }
    }

    public void Dispose()
    {
        lock (_message)
        {
            _disposed = true;
            _socket.Dispose();
        }
    }

    private void ReadOn()
    {
        try
        {
            while (_socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead) || !_disposed)
            {
                lock (_message)
                    Read();
            }
        }
        catch (ObjectDisposedException)
        {
            // The lab has ended.
        }
    }

    // Called with the lock held.
    private void Read()
    {
        while (!_disposed && _socket.Available > 0)
        {
            var text = Encoding.ASCII.GetString(_message, 0, _socket.Receive(_message));
            if (Regex.Match(text, @"^MAINPID=(\d+)", RegexOptions.Multiline) is { Success: true } named)
                _told = int.Parse(named.Groups[1].Value);
        }
    }
}
