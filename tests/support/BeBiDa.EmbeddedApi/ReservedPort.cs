using System.Net;
using System.Net.Sockets;

namespace BeBiDa.EmbeddedApi;

/// <summary>
/// A TCP port for a server that cannot be told to choose one, or that stops and starts: until this is disposed, the kernel gives
/// it to nobody else.
/// </summary>
/// <remarks>
/// A socket is bound to it and does not listen. A server that sets SO_REUSEADDR, as .NET's and Go's do, may listen there all the
/// same (man 7 socket).
/// </remarks>
public sealed class ReservedPort : IDisposable
{
    private readonly Socket socket;

    /// <summary>Reserves a port.</summary>
    /// <param name="address">Where it is served.</param>
    /// <param name="number">The port; 0 for any.</param>
    public ReservedPort(IPAddress address, int number = 0)
    {
        socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, number));
    }

    /// <summary>The port.</summary>
    public int Number => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>Gives it up.</summary>
    public void Dispose() => socket.Dispose();
}
