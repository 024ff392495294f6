using System.Text;
using System.Text.Json;
using BeBiDa.Configuration;
using BeBiDa.Kubernetes;
using CsCheck;

namespace BeBiDa.Tests;

/// <summary>What an admin's kubeconfig and a broken or malicious server send is read, or refused as is documented.</summary>
public class AnyInputSpecs
{
    private const string Good = """
        apiVersion: v1
        kind: Config
        current-context: site
        clusters:
        - name: site
          cluster:
            server: https://127.0.0.1:6443
            certificate-authority-data: aGVsbG8=
        users:
        - name: someone
          user:
            token: secret
        contexts:
        - name: site
          context: {cluster: site, user: someone}

        """;

    [Test]
    public void Any_kubeconfig_is_read_or_refused()
    {
        var file = Path.GetTempFileName();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        try
        {
            // One after the other: they share the file.
            Mutations
                .Of(Good, Good.Replace("token: secret", "tokenFile: /nowhere"), Good.Replace("token: secret", "exec: {command: id}"))
                .Sample(
                    text =>
                    {
                        File.WriteAllBytes(file, Encoding.UTF8.GetBytes(text));
                        try
                        {
                            Assert.That(Kubeconfig.Load(file, "", allowExec: false), Is.Not.Null);
                        }
                        catch (ConfigurationException e)
                        {
                            Assert.That(e.Problems, Is.Not.Empty);
                        }
                    },
                    iter: 1000,
                    threads: 1
                );
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void Any_line_of_a_watch_is_read_or_is_no_JSON() =>
        Mutations
            .Of(
                """{"type":"ADDED","object":{"metadata":{"name":"n1","uid":"u","resourceVersion":"7","labels":{"a":"b"},"annotations":{"hold.bebida.io/lab.7":"x"}}}}"""
                    + "\n",
                """{"type":"MODIFIED","object":{"metadata":{"name":"p","deletionTimestamp":"2024-06-11T12:00:00Z","ownerReferences":[{"kind":"DaemonSet","controller":true}]},"spec":{"nodeName":"n1","volumes":[{"emptyDir":{}}]},"status":{"phase":"Running"}}}"""
                    + "\n",
                """{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old","details":{"retryAfterSeconds":1}}}"""
                    + "\n\n"
            )
            .Sample(
                text =>
                {
                    // Both what is no Unicode and what is.
                    foreach (var bytes in new[] { Encoding.Latin1.GetBytes(text), Encoding.UTF8.GetBytes(text) })
                    foreach (var line in LinesOf(bytes))
                    {
                        Assert.That(line.AsSpan().Contains((byte)'\n'), Is.False);
                        Read(() => JsonSerializer.Deserialize(line, ApiJson.Default.WatchLineType));
                        Read(() => JsonSerializer.Deserialize(line, ApiJson.Default.WatchLineListedNode));
                        Read(() => JsonSerializer.Deserialize(line, ApiJson.Default.WatchLinePodObject));
                        Read(() => JsonSerializer.Deserialize(line, ApiJson.Default.WatchLineStatusObject));
                    }
                },
                iter: 2000
            );

    // ApiClient makes a ClusterException of a JsonException, and of nothing else that is no connection's.
    private static void Read(Action read)
    {
        try
        {
            read();
        }
        catch (JsonException) { }
    }

    private static List<byte[]> LinesOf(byte[] bytes)
    {
        return CollectAsync().GetAwaiter().GetResult();

        async Task<List<byte[]>> CollectAsync()
        {
            var lines = new List<byte[]>();
            await foreach (var line in JsonLines.ReadAsync(new MemoryStream(bytes), CancellationToken.None))
                lines.Add(line.ToArray());
            return lines;
        }
    }
}
