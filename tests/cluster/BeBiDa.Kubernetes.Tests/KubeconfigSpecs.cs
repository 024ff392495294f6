using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>The kubeconfigs that a site may have, each used for a real request.</summary>
public sealed class KubeconfigSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private const string Masters = "system:masters";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private EmbeddedApiServer server = null!;
    private KubeconfigFolder folder = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [SetUp]
    public void OpenTheFolder() => folder = new KubeconfigFolder(server);

    [TearDown]
    public void DeleteTheFolder() => folder.Dispose();

    [Test]
    public async Task A_client_certificate_in_the_kubeconfig_is_used()
    {
        var (certificate, key) = folder.Identity("bebida", Masters);
        await WorksAsync(
            folder.Write(
                $"client-certificate-data: {KubeconfigFolder.Base64(certificate)}\nclient-key-data: {KubeconfigFolder.Base64(key)}"
            )
        );
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Certificates_in_files_are_used_by_full_path_and_relative_to_the_kubeconfig(bool relative)
    {
        var (certificate, key) = folder.Identity("bebida", Masters);
        var paths = new[]
        {
            folder.Add("pki/client.crt", certificate),
            folder.Add("pki/client.key", key),
            folder.Add("pki/ca.crt", folder.AuthorityPem),
        };
        if (relative)
            paths = ["pki/client.crt", "./pki/client.key", "pki/ca.crt"];
        await WorksAsync(folder.Write($"client-certificate: {paths[0]}\nclient-key: {paths[1]}", $"certificate-authority: {paths[2]}"));
    }

    [Test]
    public async Task A_token_is_used()
    {
        server.AddToken("right", "bebida", Masters);
        await WorksAsync(folder.Write("token: right"));
        var wrong = await FailsAsync(folder.Write("token: wrong"));
        Assert.That(wrong.Fault, Is.EqualTo(ClusterFault.Unauthenticated));
    }

    [Test]
    public async Task A_token_file_may_be_renewed_while_its_token_is_in_use()
    {
        server.AddToken("first", "bebida", Masters);
        folder.Add("token", "first\n");
        var cluster = Connect(Configuration(folder.Write("tokenFile: token")));
        var node = await NewNodeAsync();
        await cluster.HoldAsync(node, Hold(1), Since, default);

        server.AddToken("second", "bebida", Masters);
        folder.Add("token", "second\n");
        server.RevokeToken("first");
        await cluster.ReleaseAsync(node, Hold(1), default);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    [Test]
    public async Task The_context_that_is_asked_for_goes_before_the_current_one()
    {
        server.AddToken("admin", "bebida", Masters);
        var path = folder.Write("token: nobody");
        var text = (await File.ReadAllTextAsync(path))
            .Replace("users:\n", "users:\n- name: admin\n  user:\n    token: admin\n", StringComparison.Ordinal)
            .Replace("contexts:\n", "contexts:\n- name: other\n  context: { cluster: site, user: admin }\n", StringComparison.Ordinal);
        folder.Add("config", text);

        Assert.That((await FailsAsync(path)).Fault, Is.EqualTo(ClusterFault.Unauthenticated));
        await WorksAsync(path, "other");
        Assert.That(
            () => Kubeconfig.Load(path, "third", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains(path).And.Message.Contains("no context 'third'")
        );
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_CA_bundle_is_trusted_whole(bool rightOneFirst)
    {
        await using var another = await EmbeddedApiServer.StartAsync();
        var foreign = await File.ReadAllTextAsync(another.CaCertificatePath);
        var bundle = rightOneFirst ? $"{folder.AuthorityPem}\n{foreign}" : $"{foreign}\n{folder.AuthorityPem}";
        server.AddToken("right", "bebida", Masters);
        await WorksAsync(folder.Write("token: right", $"certificate-authority-data: {KubeconfigFolder.Base64(bundle)}"));
        await WorksAsync(folder.Write("token: right", $"certificate-authority: {folder.Add("bundle.crt", bundle)}"));
    }

    [Test]
    public async Task A_server_whose_CA_is_not_the_configured_one_is_refused_by_name()
    {
        await using var another = await EmbeddedApiServer.StartAsync();
        server.AddToken("right", "bebida", Masters);
        var refused = await FailsAsync(folder.Write("token: right", $"certificate-authority: {another.CaCertificatePath}"));
        Assert.That(refused.Fault, Is.EqualTo(ClusterFault.Unavailable));
        Assert.That(refused.Message, Does.Contain(server.Url.Authority).And.Contain("certificate"));
    }

    [Test]
    public async Task The_servers_certificate_must_bear_the_name_that_the_kubeconfig_says()
    {
        server.AddToken("right", "bebida", Masters);
        await WorksAsync(folder.Write("token: right", $"{folder.Trusting}\ntls-server-name: kubernetes.default.svc"));
        var refused = await FailsAsync(folder.Write("token: right", $"{folder.Trusting}\ntls-server-name: elsewhere.test"));
        Assert.That(refused.Message, Does.Contain(server.Url.Authority).And.Contain("certificate"));
    }

    [Test]
    public async Task Only_insecure_skip_tls_verify_lets_any_certificate_pass()
    {
        server.AddToken("right", "bebida", Masters);
        Assert.That((await FailsAsync(folder.Write("token: right", "# no authority"))).Message, Does.Contain("certificate"));
        await WorksAsync(folder.Write("token: right", "insecure-skip-tls-verify: true"));
    }

    [Test]
    public async Task A_client_certificate_that_has_expired_is_said_to_be_refused()
    {
        var refused = await FailsAsync(server.WriteKubeconfig("bebida", TimeSpan.FromDays(-1), Masters));
        Assert.That(refused.Fault, Is.EqualTo(ClusterFault.Unauthenticated));
        Assert.That(
            refused.Message,
            Does.Contain("401").And.Contain(server.Url.Authority).And.Contain("certificate").And.Contain("expired")
        );
    }

    [Test]
    public async Task A_server_certificate_that_has_expired_is_refused_by_name()
    {
        server.Faults.ExpiredServerCertificate = true;
        var refused = await FailsAsync(Server.AdminKubeconfig);
        Assert.That(refused.Fault, Is.EqualTo(ClusterFault.Unavailable));
        Assert.That(refused.Message, Does.Contain(server.Url.Authority).And.Contain("certificate"));
    }

    [Test]
    public void A_kubeconfig_that_others_can_read_is_refused_with_the_mode_to_set()
    {
        var path = folder.Write("token: right");
        Refused(path, path);
    }

    [TestCase("client-key")]
    [TestCase("tokenFile")]
    public void A_secret_beside_the_kubeconfig_that_others_can_read_is_refused_with_the_mode_to_set(string key)
    {
        var (certificate, secret) = folder.Identity("bebida");
        folder.Add("client.crt", certificate);
        var file = folder.Add("secret", key == "tokenFile" ? "token" : secret);
        Refused(folder.Write(key == "tokenFile" ? "tokenFile: secret" : "client-certificate: client.crt\nclient-key: secret"), file);
    }

    [TestCase("client-certificate")]
    [TestCase("certificate-authority")]
    public void A_certificate_beside_the_kubeconfig_may_be_read_by_everyone_and_written_by_nobody_else(string key)
    {
        var (certificate, secret) = folder.Identity("bebida");
        var file = folder.Add("certificate", key == "client-certificate" ? certificate : folder.AuthorityPem);
        folder.Add("client.key", secret);
        var path =
            key == "client-certificate"
                ? folder.Write("client-certificate: certificate\nclient-key: client.key")
                : folder.Write("token: right", "certificate-authority: certificate");
        File.SetUnixFileMode(file, Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Assert.That(() => Kubeconfig.Load(path, "", allowExec: false), Throws.Nothing);
        File.SetUnixFileMode(file, Private | UnixFileMode.OtherWrite);
        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains($"chmod go-w {file}")
        );
    }

    [Test]
    public async Task A_token_file_that_is_renewed_so_that_others_can_read_it_is_refused()
    {
        server.AddToken("first", "bebida", Masters);
        var file = folder.Add("token", "first\n");
        var cluster = Connect(Configuration(folder.Write("tokenFile: token")));
        var node = await NewNodeAsync();
        await cluster.HoldAsync(node, Hold(1), Since, default);

        folder.Add("token", "second\n");
        File.SetUnixFileMode(file, Private | UnixFileMode.OtherRead);
        var refused = await FailsAsync(() => cluster.HoldAsync(node, Hold(2), Since, default));
        Assert.That(refused.Message, Does.Contain($"chmod 0600 {file}").And.Not.Contain("second"));
    }

    [Test]
    public async Task A_token_with_line_breaks_in_it_is_refused_and_the_next_one_is_used()
    {
        server.AddToken("right", "bebida", Masters);
        folder.Add("token", "wr\nong\n");
        var path = folder.Write("tokenFile: token");
        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains("is not a token").And.Message.Not.Contains("ong")
        );

        folder.Add("token", "right\n");
        var cluster = Connect(Configuration(path));
        var node = await NewNodeAsync();
        folder.Add("token", "wr\nong\n");
        Assert.That((await FailsAsync(() => cluster.HoldAsync(node, Hold(1), Since, default))).Fault, Is.EqualTo(ClusterFault.Unavailable));
        folder.Add("token", "right\n");
        await cluster.HoldAsync(node, Hold(1), Since, default);
    }

    [Test]
    public void A_kubeconfig_that_is_nested_without_end_is_refused()
    {
        var path = folder.Add("config", "users: " + new string('[', 1_000_000));
        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.StartsWith($"{path}:1: ").And.Message.Contains("64 levels")
        );
    }

    [Test]
    public void A_kubeconfig_that_its_group_can_read_serves()
    {
        var path = folder.Write("token: right");
        File.SetUnixFileMode(path, Private | UnixFileMode.GroupRead);
        Assert.That(() => Kubeconfig.Load(path, "", allowExec: false), Throws.Nothing);
    }

    [Test]
    public void A_link_is_as_open_as_the_file_that_it_points_at()
    {
        var path = folder.Write("token: right");
        var link = $"{path}.link";
        File.CreateSymbolicLink(link, path);
        Assert.That(() => Kubeconfig.Load(link, "", allowExec: false), Throws.Nothing);
        File.SetUnixFileMode(path, Private | UnixFileMode.OtherRead);
        Assert.That(
            () => Kubeconfig.Load(link, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains("chmod")
        );
    }

    [TestCase("kubeconfig")]
    [TestCase("tokenFile")]
    [TestCase("client-key")]
    [TestCase("client-certificate")]
    public void A_file_that_is_missing_is_named(string which)
    {
        var path = which == "kubeconfig" ? "/nonexistent/kubeconfig" : folder.Write($"{which}: missing");
        var missing = which == "kubeconfig" ? path : Path.Combine(Path.GetDirectoryName(path)!, "missing");
        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.StartsWith($"{missing}: no such file").And.Message.Contains(which)
        );
    }

    [TestCase("users: [", "not YAML")]
    [TestCase("- a list", "is not a kubeconfig")]
    [TestCase("apiVersion: v1\nkind: Config\n", "no context ''")]
    public void A_file_that_is_no_kubeconfig_is_refused_with_its_name(string text, string why)
    {
        var path = folder.Add("config", text);
        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains(path).And.Message.Contains(why)
        );
    }

    [Test]
    public void A_key_that_is_none_is_refused_with_the_name_of_the_kubeconfig()
    {
        var (certificate, _) = folder.Identity("bebida");
        var path = folder.Write(
            $"client-certificate-data: {KubeconfigFolder.Base64(certificate)}\nclient-key-data: {KubeconfigFolder.Base64("no key")}"
        );
        Assert.That(
            () => KubernetesCluster.Connect(Configuration(path), allowExec: false, TimeProvider.System, Log),
            Throws.TypeOf<ConfigurationException>().With.Message.Contains(path)
        );
    }

    [Test]
    public async Task A_credential_plugin_is_run_by_bebidactl_and_refused_inside_slurmctld()
    {
        server.AddToken("from-a-plugin", "bebida", Masters);
        var ran = Path.Combine(Path.GetDirectoryName(folder.Write(""))!, "ran");
        var plugin = folder.Add(
            "plugin.sh",
            $$$"""
            #!/bin/sh
            touch {{{ran}}}
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-a-plugin"}}'

            """,
            Private | UnixFileMode.UserExecute
        );
        var path = folder.Write($"exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: {plugin}\n  interactiveMode: Never");

        Assert.That(
            () => Kubeconfig.Load(path, "", allowExec: false),
            Throws
                .TypeOf<ConfigurationException>()
                .With.Message.Contains($"{path}:")
                .And.Message.Contains("user.exec")
                .And.Message.Contains("tokenFile")
        );
        Assert.That(File.Exists(ran), Is.False, "slurmctld would have forked");

        var cluster = Ends(KubernetesCluster.Connect(Configuration(path), allowExec: true, TimeProvider.System, Log));
        var node = await NewNodeAsync();
        await cluster.HoldAsync(node, Hold(1), Since, default);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1", "slurm")));
    }

    private static void Refused(string kubeconfig, string open)
    {
        foreach (var mode in new[] { UnixFileMode.OtherRead, UnixFileMode.OtherWrite, UnixFileMode.GroupWrite })
        {
            File.SetUnixFileMode(open, Private | mode);
            Assert.That(
                () => Kubeconfig.Load(kubeconfig, "", allowExec: false),
                Throws.TypeOf<ConfigurationException>().With.Message.Contains($"chmod 0600 {open}")
            );
        }
        File.SetUnixFileMode(open, Private);
        Assert.That(() => Kubeconfig.Load(kubeconfig, "", allowExec: false), Throws.Nothing);
    }

    private async Task WorksAsync(string kubeconfig, string context = "")
    {
        var node = await NewNodeAsync();
        await Connect(With(kubeconfig, context)).HoldAsync(node, Hold(1), Since, default);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1", "slurm")));
    }

    private async Task<ClusterException> FailsAsync(string kubeconfig)
    {
        var cluster = Connect(With(kubeconfig));
        return await FailsAsync(() => cluster.HoldAsync(new ClusterNode("any", "any"), Hold(1), Since, default));
    }

    private BebidaConfiguration With(string kubeconfig, string context = "")
    {
        var configuration = Configuration(kubeconfig);
        return configuration with { Kubernetes = configuration.Kubernetes with { Context = context } };
    }
}
