using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>The connection to the API server; a new one once the kubeconfig, or a certificate or key that it names, has changed.</summary>
/// <remarks>Certificates are renewed, and slurmctld need not be restarted for that.</remarks>
internal sealed class ConnectionSource : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly string context;
    private readonly bool allowExec;
    private readonly TimeSpan connectTimeout;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock looking = new();
    private ApiConnection current;
    private IReadOnlyDictionary<string, FileStamp> stamps;
    private long looked;
    private int failures;

    /// <summary>Reads the kubeconfig; nothing is sent yet.</summary>
    /// <exception cref="ConfigurationException">The kubeconfig cannot be used.</exception>
    public ConnectionSource(string path, string context, bool allowExec, TimeSpan connectTimeout, TimeProvider time, ILogger logger)
    {
        this.path = path;
        this.context = context;
        this.allowExec = allowExec;
        this.connectTimeout = connectTimeout;
        this.time = time;
        this.logger = logger;
        (current, stamps) = Load();
        looked = time.GetTimestamp();
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => Volatile.Read(ref current).Address;

    /// <summary>The current connection, to be released after use.</summary>
    /// <exception cref="ObjectDisposedException">It is over.</exception>
    public ApiConnection Use()
    {
        if (time.GetElapsedTime(Volatile.Read(ref looked)) >= LookAgain && looking.TryEnter())
        {
            try
            {
                Look();
            }
            finally
            {
                Volatile.Write(ref looked, time.GetTimestamp());
                looking.Exit();
            }
        }
        while (true)
        {
            var connection = Volatile.Read(ref current);
            if (connection.TryUse())
                return connection;
            // If a closed connection is still the current one, we are disposed; any other has just been replaced.
            ObjectDisposedException.ThrowIf(connection == Volatile.Read(ref current), this);
        }
    }

    public void Dispose() => current.Release();

    private void Look()
    {
        if (stamps.All(s => FileStamp.Of(s.Key) == s.Value))
            return;
        try
        {
            var (connection, read) = Load();
            Interlocked.Exchange(ref current, connection).Release();
            stamps = read;
            failures = 0;
            logger.CredentialsRenewed(path);
        }
        catch (ConfigurationException e)
        {
            // A certificate and its key are two files: while they are replaced, they do not match.
            if (++failures == 3)
                logger.CredentialsUnusable(e.Message);
        }
    }

    // Stamped before it is read: a file that is replaced in between is read again.
    private (ApiConnection Connection, IReadOnlyDictionary<string, FileStamp> Stamps) Load()
    {
        var before = new Dictionary<string, FileStamp>(StringComparer.Ordinal);
        var kubeconfig = Kubeconfig.Load(path, context, allowExec, file => before[file] = FileStamp.Of(file));
        try
        {
            return (new ApiConnection(kubeconfig, connectTimeout), before);
        }
        catch (Exception e)
            when (e
                    is k8s.Exceptions.KubeConfigException
                        or System.Security.Cryptography.CryptographicException
                        or IOException
                        or FormatException
                        or UnauthorizedAccessException
            )
        {
            throw new ConfigurationException($"{path}: the kubeconfig cannot be used: {e.Message}");
        }
    }
}
