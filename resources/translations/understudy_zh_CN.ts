<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AboutPage</name>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
    <message>
        <source>Understudy runs Claude Code on any model. It sends nothing anywhere but to your providers.</source>
        <translation>Understudy 让 Claude Code 运行在任何模型上。除了你的提供商，它不向任何地方发送数据。</translation>
    </message>
    <message>
        <source>Check for updates</source>
        <translation>检查更新</translation>
    </message>
    <message>
        <source>Updates</source>
        <translation>更新</translation>
    </message>
    <message>
        <source>Asked for only when you press the button.</source>
        <translation>只在你按下按钮时才查询。</translation>
    </message>
    <message>
        <source>All licences</source>
        <translation>所有许可证</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>版本</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Settings are a text file; keys are in the system&apos;s keyring, never in a file.</source>
        <translation>设置保存在文本文件中；密钥在系统密钥环里，从不写入文件。</translation>
    </message>
    <message>
        <source>Crash report</source>
        <translation>崩溃报告</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Understudy ended unexpectedly. The report has no keys, tokens or prompts in it.</source>
        <translation>Understudy 意外退出。报告中没有密钥、令牌或提示词。</translation>
    </message>
    <message>
        <source>{0} is there.</source>
        <translation>已有 {0} 版。</translation>
    </message>
    <message>
        <source>Open the folder of: {0}</source>
        <translation>打开文件夹：{0}</translation>
    </message>
</context>
<context>
    <name>AddProvider</name>
    <message>
        <source>Search providers</source>
        <translation>搜索提供商</translation>
    </message>
    <message>
        <source>Custom endpoint</source>
        <translation>自定义端点</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Known providers</source>
        <translation>已知的提供商</translation>
    </message>
    <message>
        <source>No provider of this name is known. Add it as a custom endpoint.</source>
        <translation>没有已知的同名提供商。可作为自定义端点添加。</translation>
    </message>
</context>
<context>
    <name>AgainField</name>
    <message>
        <source>Model to run it on</source>
        <translation>用来运行的模型</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>provider/name</source>
        <translation>提供商/名称</translation>
    </message>
</context>
<context>
    <name>AgainWindow</name>
    <message>
        <source>Run again</source>
        <translation>再次运行</translation>
    </message>
    <message>
        <source>First answer</source>
        <translation>第一个回答</translation>
    </message>
    <message>
        <source>Second answer</source>
        <translation>第二个回答</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>BlindSpot</name>
    <message>
        <source>Set prices</source>
        <translation>设置价格</translation>
    </message>
</context>
<context>
    <name>BodyPanel</name>
    <message>
        <source>Conversation</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Request</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Upstream</source>
        <translation>上游</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>正文</translation>
    </message>
    <message>
        <source>Which body</source>
        <translation>哪个正文</translation>
    </message>
    <message>
        <source>Search in this body</source>
        <translation>在此正文中搜索</translation>
    </message>
    <message>
        <source>Copy this body</source>
        <translation>复制此正文</translation>
    </message>
    <message>
        <source>This request is not in the ledger any more.</source>
        <translation>此请求已不在账本中。</translation>
    </message>
    <message>
        <source>Nothing was kept of this body.</source>
        <translation>此正文没有保留。</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>正在读取…</translation>
    </message>
    <message>
        <source>Only its beginning was kept.</source>
        <translation>只保留了开头部分。</translation>
    </message>
    <message>
        <source>A secret was taken out.</source>
        <translation>已移除一处机密。</translation>
    </message>
    <message>
        <source>{0} secrets were taken out.</source>
        <translation>已移除 {0} 处机密。</translation>
    </message>
    <message>
        <source>The body was copied.</source>
        <translation>正文已复制。</translation>
    </message>
</context>
<context>
    <name>BodyView</name>
    <message>
        <source>Search in this body</source>
        <translation>在此正文中搜索</translation>
    </message>
    <message>
        <source>Previous find</source>
        <translation>上一处</translation>
    </message>
    <message>
        <source>Next find</source>
        <translation>下一处</translation>
    </message>
    <message>
        <source>Body</source>
        <translation>正文</translation>
    </message>
    <message>
        <source>Show all {0} characters</source>
        <translation>显示全部 {0} 个字符</translation>
    </message>
</context>
<context>
    <name>BudgetGauge</name>
    <message>
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>This month</source>
        <translation>本月</translation>
    </message>
</context>
<context>
    <name>ConfirmDialog</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
</context>
<context>
    <name>Conversation</name>
    <message>
        <source>{0} earlier turns are left out here.</source>
        <translation>此处省略了更早的 {0} 轮对话。</translation>
    </message>
    <message>
        <source>An earlier turn is left out here.</source>
        <translation>此处省略了更早的一轮对话。</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>系统提示词</translation>
    </message>
    <message>
        <source>Tools: {0}</source>
        <translation>工具：{0}</translation>
    </message>
    <message>
        <source>User</source>
        <translation>用户</translation>
    </message>
    <message>
        <source>Assistant</source>
        <translation>助手</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>The provider keeps this thinking to itself.</source>
        <translation>提供商没有公开这段思考。</translation>
    </message>
    <message>
        <source>Thinking</source>
        <translation>思考</translation>
    </message>
    <message>
        <source>Picture {0}: {1}</source>
        <translation>图片 {0}：{1}</translation>
    </message>
    <message>
        <source>Attached: {0}</source>
        <translation>附件：{0}</translation>
    </message>
    <message>
        <source>Calls {0}</source>
        <translation>调用 {0}</translation>
    </message>
    <message>
        <source>{0} changes {1}</source>
        <translation>{0} 修改 {1}</translation>
    </message>
    <message>
        <source>a tool</source>
        <translation>某个工具</translation>
    </message>
    <message>
        <source>{0} failed with</source>
        <translation>{0} 失败，返回</translation>
    </message>
    <message>
        <source>{0} gave</source>
        <translation>{0} 返回</translation>
    </message>
    <message>
        <source>A block of type {0}</source>
        <translation>类型为 {0} 的块</translation>
    </message>
    <message>
        <source>{0} more characters</source>
        <translation>另有 {0} 个字符</translation>
    </message>
</context>
<context>
    <name>CustomEndpoint</name>
    <message>
        <source>Key</source>
        <translation>密钥</translation>
    </message>
    <message>
        <source>None, if it wants none</source>
        <translation>不需要则留空</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>标识</translation>
    </message>
    <message>
        <source>Stands before its models: id/name.</source>
        <translation>写在其模型之前：标识/名称。</translation>
    </message>
    <message>
        <source>Base URL</source>
        <translation>基础网址</translation>
    </message>
    <message>
        <source>Without /chat/completions or /v1/messages.</source>
        <translation>不含 /chat/completions 或 /v1/messages。</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>There is a provider of this id.</source>
        <translation>已有此标识的提供商。</translation>
    </message>
</context>
<context>
    <name>Details</name>
    <message>
        <source>Run again on…</source>
        <translation>换模型重跑…</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>返回列表</translation>
    </message>
    <message>
        <source>Run again on another model, both answers side by side</source>
        <translation>换一个模型重跑，两个回答并排显示</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Close the details</source>
        <translation>关闭详情</translation>
    </message>
    <message>
        <source>Request</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Copy as curl</source>
        <translation>复制为 curl</translation>
    </message>
    <message>
        <source>Copy its id</source>
        <translation>复制其编号</translation>
    </message>
    <message>
        <source>The request&apos;s id was copied.</source>
        <translation>请求编号已复制。</translation>
    </message>
    <message>
        <source>Asked for</source>
        <translation>请求的模型</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>原因</translation>
    </message>
    <message>
        <source>Sent to</source>
        <translation>发送到</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Profile</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>Tries</source>
        <translation>尝试</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>结束方式</translation>
    </message>
    <message>
        <source>Cost</source>
        <translation>费用</translation>
    </message>
    <message>
        <source>{0} output</source>
        <translation>输出 {0}</translation>
    </message>
    <message>
        <source>{0} of it thinking</source>
        <translation>其中思考 {0}</translation>
    </message>
    <message>
        <source>{0} cached</source>
        <translation>缓存 {0}</translation>
    </message>
    <message>
        <source>{0} to cache</source>
        <translation>写入缓存 {0}</translation>
    </message>
    <message>
        <source>{0} input</source>
        <translation>输入 {0}</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>连接</translation>
    </message>
    <message>
        <source>First token</source>
        <translation>首词元</translation>
    </message>
    <message>
        <source>Streaming</source>
        <translation>流式传输</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>subagent {0}</source>
        <translation>子代理 {0}</translation>
    </message>
    <message>
        <source>Try {0}</source>
        <translation>第 {0} 次尝试</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>错误</translation>
    </message>
    <message>
        <source>The client left</source>
        <translation>客户端已离开</translation>
    </message>
    <message>
        <source>Not billed</source>
        <translation>未计费</translation>
    </message>
    <message>
        <source>paid by a subscription</source>
        <translation>由订阅支付</translation>
    </message>
    <message>
        <source>unpriced: the provider told no token counts</source>
        <translation>无价格：提供商未报告用量</translation>
    </message>
    <message>
        <source>unpriced: no price is known for this model</source>
        <translation>无价格：不知道此模型的价格</translation>
    </message>
    <message>
        <source>{0}, estimated</source>
        <translation>{0}，估算</translation>
    </message>
    <message>
        <source>{0}, as the provider said</source>
        <translation>{0}，由提供商给出</translation>
    </message>
</context>
<context>
    <name>Doing</name>
    <message>
        <source>The key is kept in memory until Understudy ends. {0}</source>
        <translation>密钥保存在内存中，直到 Understudy 退出。{0}</translation>
    </message>
    <message>
        <source>The key is in the keyring.</source>
        <translation>密钥已存入密钥环。</translation>
    </message>
    <message>
        <source>Key removed.</source>
        <translation>密钥已移除。</translation>
    </message>
    <message>
        <source>No key to remove.</source>
        <translation>没有可移除的密钥。</translation>
    </message>
    <message>
        <source>Token renewed. The old one works for 30 more seconds.</source>
        <translation>令牌已重新生成，旧令牌在 30 秒内仍然有效。</translation>
    </message>
    <message>
        <source>There is no provider called {0}.</source>
        <translation>没有名为 {0} 的提供商。</translation>
    </message>
    <message>
        <source>There is no key for {0}.</source>
        <translation>{0} 没有密钥。</translation>
    </message>
    <message>
        <source>It gives no list of models to check the key with: test a role instead.</source>
        <translation>它没有可用于检查密钥的模型列表：请改为测试某个角色。</translation>
    </message>
    <message>
        <source>Claude Code is not installed. Install it with: {0}</source>
        <translation>Claude Code 未安装。安装命令：{0}</translation>
    </message>
    <message>
        <source>Claude Code starts in {0}.</source>
        <translation>Claude Code 正在 {0} 中启动。</translation>
    </message>
    <message>
        <source>The command is in the clipboard; the token in it lets whoever has it in.</source>
        <translation>命令已复制；其中的令牌可让持有者进入。</translation>
    </message>
    <message>
        <source>The command is in the clipboard.</source>
        <translation>命令已复制。</translation>
    </message>
    <message>
        <source>The proxy does not run: start it first.</source>
        <translation>代理没有运行：请先启动它。</translation>
    </message>
    <message>
        <source>{0} was opened and has not started Claude Code yet: does it ask for leave?</source>
        <translation>已打开 {0}，但 Claude Code 还没有启动：它是否在等待确认？</translation>
    </message>
    <message>
        <source>The request is not there any more.</source>
        <translation>该请求已不存在。</translation>
    </message>
    <message>
        <source>Written to {0}.</source>
        <translation>已写入 {0}。</translation>
    </message>
    <message>
        <source>Log deleted.</source>
        <translation>日志已删除。</translation>
    </message>
    <message>
        <source>Conversations deleted.</source>
        <translation>对话内容已删除。</translation>
    </message>
    <message>
        <source>This answer is not kept any more.</source>
        <translation>此回答已不再保留。</translation>
    </message>
    <message>
        <source>Understudy is under the MIT licence; its libraries were installed with theirs.</source>
        <translation>Understudy 采用 MIT 许可证；它的各个库在安装时附有各自的许可证。</translation>
    </message>
    <message>
        <source>Understudy {0} is the newest version.</source>
        <translation>Understudy {0} 已是最新版本。</translation>
    </message>
    <message>
        <source>Understudy {0} is out.</source>
        <translation>Understudy {0} 已发布。</translation>
    </message>
    <message>
        <source>The address is in the clipboard.</source>
        <translation>地址已复制。</translation>
    </message>
    <message>
        <source>The token is in the clipboard.</source>
        <translation>令牌已复制。</translation>
    </message>
    <message>
        <source>Another Understudy answers on port {0} already.</source>
        <translation>另一个 Understudy 已在端口 {0} 上应答。</translation>
    </message>
    <message>
        <source>Port {0} is taken by {1}.</source>
        <translation>端口 {0} 被 {1} 占用。</translation>
    </message>
    <message>
        <source>Port {0} is taken by another program.</source>
        <translation>端口 {0} 被其他程序占用。</translation>
    </message>
    <message>
        <source>The body of this request is not kept any more.</source>
        <translation>此请求的正文已不再保留。</translation>
    </message>
    <message>
        <source>The request is in the clipboard; put your token where it says so.</source>
        <translation>请求已复制；请在标明处填入你的令牌。</translation>
    </message>
    <message>
        <source>{0} is the profile now.</source>
        <translation>当前配置档：{0}。</translation>
    </message>
    <message>
        <source>Saved.</source>
        <translation>已保存。</translation>
    </message>
    <message>
        <source>Starting at login could not be set: {0}.</source>
        <translation>无法设置登录时启动：{0}。</translation>
    </message>
    <message>
        <source>The answer is empty.</source>
        <translation>回答为空。</translation>
    </message>
    <message>
        <source>Anthropic answers with Claude Code&apos;s own login: there is nothing to try here.</source>
        <translation>Anthropic 使用 Claude Code 自己的登录应答：这里无需测试。</translation>
    </message>
</context>
<context>
    <name>EngineRow</name>
    <message>
        <source>Direct</source>
        <translation>直连</translation>
    </message>
    <message>
        <source>Relay</source>
        <translation>转发</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Direct: as OpenAI. LiteLLM: any. Relay: as Anthropic.</source>
        <translation>直连：OpenAI 格式。LiteLLM：任意。转发：Anthropic 格式。</translation>
    </message>
</context>
<context>
    <name>FactPanel</name>
    <message>
        <source>Show its requests</source>
        <translation>显示其请求</translation>
    </message>
</context>
<context>
    <name>FieldRow</name>
    <message>
        <source>Set by {0} in the environment</source>
        <translation>由环境变量 {0} 设定</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>1 request</source>
        <translation>1 个请求</translation>
    </message>
    <message>
        <source>{0} requests</source>
        <translation>{0} 个请求</translation>
    </message>
</context>
<context>
    <name>FirstRunStep</name>
    <message>
        <source>Continue</source>
        <translation>继续</translation>
    </message>
</context>
<context>
    <name>FirstRunWindow</name>
    <message>
        <source>Welcome to Understudy</source>
        <translation>欢迎使用 Understudy</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Everything can be set up in the settings later.</source>
        <translation>以后都可以在设置中完成。</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>返回</translation>
    </message>
    <message>
        <source>{0} ({1})</source>
        <translation>{0}（{1}）</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Step {0} of {1}</source>
        <translation>第 {0} 步，共 {1} 步</translation>
    </message>
</context>
<context>
    <name>GeneralPage</name>
    <message>
        <source>General</source>
        <translation>通用</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Start at login</source>
        <translation>登录时启动</translation>
    </message>
    <message>
        <source>Understudy is there when you need it.</source>
        <translation>需要时 Understudy 已经就绪。</translation>
    </message>
    <message>
        <source>Start hidden</source>
        <translation>启动时隐藏</translation>
    </message>
    <message>
        <source>Only the tray icon shows. Where there is no tray, the window opens.</source>
        <translation>只显示托盘图标。没有托盘时会打开窗口。</translation>
    </message>
    <message>
        <source>Start the proxy</source>
        <translation>启动代理</translation>
    </message>
    <message>
        <source>Whenever Understudy starts.</source>
        <translation>每次 Understudy 启动时。</translation>
    </message>
    <message>
        <source>Notifications and appearance</source>
        <translation>通知与外观</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>通知</translation>
    </message>
    <message>
        <source>When the proxy fails, a key is rejected, a budget is used up, or a model is gone.</source>
        <translation>代理失败、密钥被拒、预算用尽或模型消失时。</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>System</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Another language is spoken from the next start.</source>
        <translation>新语言从下次启动起生效。</translation>
    </message>
</context>
<context>
    <name>KeyStep</name>
    <message>
        <source>Which model is to stand in?</source>
        <translation>由哪个模型来当替身？</translation>
    </message>
    <message>
        <source>Paste an API key of any provider. It goes into your system&apos;s keyring, and into no file.</source>
        <translation>粘贴任意提供商的 API 密钥。它只进入系统密钥环，不写入任何文件。</translation>
    </message>
    <message>
        <source>Or without pasting anything</source>
        <translation>或者不粘贴任何密钥</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>正在检查…</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>This system has no keyring that works: a key is kept in memory and is gone after quitting.</source>
        <translation>此系统没有可用的密钥环：密钥只保存在内存中，退出后消失。</translation>
    </message>
    <message>
        <source>Not kept</source>
        <translation>未保存</translation>
    </message>
    <message>
        <source>The keyring is locked. Unlock it, so that Understudy can keep the key there.</source>
        <translation>密钥环已锁定。请解锁，以便 Understudy 将密钥保存在其中。</translation>
    </message>
    <message>
        <source>API key</source>
        <translation>API 密钥</translation>
    </message>
    <message>
        <source>Paste a key: sk-…, AIza…, gsk_…</source>
        <translation>粘贴密钥：sk-…、AIza…、gsk_…</translation>
    </message>
    <message>
        <source>Not a key</source>
        <translation>不是密钥</translation>
    </message>
    <message>
        <source>Choose whose key it is.</source>
        <translation>请选择这是哪家的密钥。</translation>
    </message>
    <message>
        <source>Provider of the key</source>
        <translation>密钥的提供商</translation>
    </message>
    <message>
        <source>Choose its provider</source>
        <translation>选择其提供商</translation>
    </message>
    <message>
        <source>Get a key</source>
        <translation>获取密钥</translation>
    </message>
    <message>
        <source>Key rejected</source>
        <translation>密钥被拒</translation>
    </message>
    <message>
        <source>Not working</source>
        <translation>不可用</translation>
    </message>
    <message>
        <source>Working</source>
        <translation>可用</translation>
    </message>
    <message>
        <source>Not checked</source>
        <translation>未检查</translation>
    </message>
    <message>
        <source>No answer yet. Check your network, then paste the key again or use another way below.</source>
        <translation>尚无回应。请检查网络后重新粘贴密钥，或改用下方的其他方式。</translation>
    </message>
    <message>
        <source>Its key is here already.</source>
        <translation>它的密钥已经在这里。</translation>
    </message>
    <message>
        <source>Demo model</source>
        <translation>演示模型</translation>
    </message>
    <message>
        <source>Built in, free, understands nothing: to see how everything works.</source>
        <translation>内置、免费、什么也不懂：用来看看一切如何运作。</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>使用</translation>
    </message>
    <message>
        <source>Use {0}</source>
        <translation>使用 {0}</translation>
    </message>
</context>
<context>
    <name>LocalCard</name>
    <message>
        <source>On this machine</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>重新查找</translation>
    </message>
    <message>
        <source>No Ollama, LM Studio, llama.cpp or vLLM answers here.</source>
        <translation>本机没有 Ollama、LM Studio、llama.cpp 或 vLLM 应答。</translation>
    </message>
    <message>
        <source>It offers no model.</source>
        <translation>它没有提供模型。</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>使用</translation>
    </message>
    <message>
        <source>Let {0} play every role</source>
        <translation>让 {0} 扮演所有角色</translation>
    </message>
    <message>
        <source>BIG, SMALL and THINKER get its first model.</source>
        <translation>BIG、SMALL 和 THINKER 使用它的第一个模型。</translation>
    </message>
</context>
<context>
    <name>LogPage</name>
    <message>
        <source>Log and budget</source>
        <translation>日志与预算</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>days</source>
        <translation>天</translation>
    </message>
    <message>
        <source>The oldest go first.</source>
        <translation>最旧的先清除。</translation>
    </message>
    <message>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <source>Budget</source>
        <translation>预算</translation>
    </message>
    <message>
        <source>0 is no limit. You are told at 80 %.</source>
        <translation>0 表示不限。到 80 % 时提醒你。</translation>
    </message>
    <message>
        <source>USD</source>
        <translation>美元</translation>
    </message>
    <message>
        <source>At the limit</source>
        <translation>达到上限时</translation>
    </message>
    <message>
        <source>Tell me, let SMALL play every role, or refuse requests.</source>
        <translation>提醒我、让 SMALL 扮演所有角色，或拒绝请求。</translation>
    </message>
    <message>
        <source>Tell me</source>
        <translation>提醒我</translation>
    </message>
    <message>
        <source>Delete conversations…</source>
        <translation>删除对话内容…</translation>
    </message>
    <message>
        <source>Delete all…</source>
        <translation>全部删除…</translation>
    </message>
    <message>
        <source>Delete log</source>
        <translation>删除日志</translation>
    </message>
    <message>
        <source>This can&apos;t be undone.</source>
        <translation>此操作无法撤销。</translation>
    </message>
    <message>
        <source>Keep them for</source>
        <translation>保留时长</translation>
    </message>
    <message>
        <source>Every request is in the log. Conversations are kept for as long as you want, with secrets removed.</source>
        <translation>每个请求都会记入日志。对话内容按你设定的时长保留，其中的机密已移除。</translation>
    </message>
    <message>
        <source>Save conversations</source>
        <translation>保存对话内容</translation>
    </message>
    <message>
        <source>Metadata (time, tokens, cost) is always saved.</source>
        <translation>元数据（时间、token、费用）始终会保存。</translation>
    </message>
    <message>
        <source>Keep up to</source>
        <translation>保留上限</translation>
    </message>
    <message>
        <source>Daily limit</source>
        <translation>每日上限</translation>
    </message>
    <message>
        <source>Monthly limit</source>
        <translation>每月上限</translation>
    </message>
    <message>
        <source>Use SMALL</source>
        <translation>改用 SMALL</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
</context>
<context>
    <name>Message</name>
    <message>
        <source>{asked} was asked for by name</source>
        <comment>route.by_name</comment>
        <translation>点名要求 {asked}</translation>
    </message>
    <message>
        <source>the request has an image, which {model} cannot see → VISION</source>
        <comment>route.vision</comment>
        <translation>请求中有图像，{model} 看不到 → VISION</translation>
    </message>
    <message>
        <source>{asked} from a subagent → SUBAGENT</source>
        <comment>route.subagent</comment>
        <translation>{asked}（来自子代理）→ SUBAGENT</translation>
    </message>
    <message>
        <source>about {tokens} input tokens (over {threshold}) → LONG</source>
        <comment>route.long</comment>
        <translation>约 {tokens} 个输入 token（超过 {threshold}）→ LONG</translation>
    </message>
    <message>
        <source>{asked} with {purpose} → THINKER</source>
        <comment>route.thinker</comment>
        <translation>{asked}（{purpose}）→ THINKER</translation>
    </message>
    <message>
        <source>{asked} → BIG (no OPUS is set)</source>
        <comment>route.no_opus</comment>
        <translation>{asked} → BIG（未设置 OPUS）</translation>
    </message>
    <message>
        <source>{asked} → {role}</source>
        <comment>route.role</comment>
        <translation>{asked} → {role}</translation>
    </message>
    <message>
        <source>{reason} (not set, same as BIG)</source>
        <comment>route.follows_big</comment>
        <translation>{reason}（未设置，与 BIG 相同）</translation>
    </message>
    <message>
        <source>{reason}, set to passthrough</source>
        <comment>route.passthrough</comment>
        <translation>{reason}，设为直通</translation>
    </message>
    <message>
        <source>{asked} is offered by {provider} only</source>
        <comment>route.only_provider</comment>
        <translation>只有 {provider} 提供 {asked}</translation>
    </message>
    <message>
        <source>{asked} names no provider: OpenAI is used</source>
        <comment>route.no_provider</comment>
        <translation>{asked} 未注明提供商：采用 OpenAI</translation>
    </message>
    <message>
        <source>a thinking budget of {tokens}</source>
        <comment>thinking.budget</comment>
        <translation>{tokens} 的思考预算</translation>
    </message>
    <message>
        <source>effort {effort}</source>
        <comment>thinking.effort</comment>
        <translation>{effort} 的 effort</translation>
    </message>
    <message>
        <source>thinking on</source>
        <comment>thinking.on</comment>
        <translation>思考</translation>
    </message>
    <message>
        <source>{why}; {reason}, so SMALL answers</source>
        <comment>budget.small_answers</comment>
        <translation>{why}；{reason}，因此由 SMALL 回答</translation>
    </message>
    <message>
        <source>prompt is too long: {tokens} tokens &gt; {window} maximum</source>
        <comment>request.prompt_too_long</comment>
        <translation>提示过长：{tokens} 个 token，上限 {window}</translation>
    </message>
    <message>
        <source>max_tokens: {max_tokens} &gt; {limit}, which is the maximum allowed number of output tokens for {model}</source>
        <comment>request.max_tokens_too_high</comment>
        <translation>max_tokens：{max_tokens} &gt; {limit}，{model} 的输出 token 上限</translation>
    </message>
    <message>
        <source>Understudy ended before this answer was whole.</source>
        <comment>request.process_ended</comment>
        <translation>此回答尚未完整，Understudy 就结束了。</translation>
    </message>
    <message>
        <source>The launch that this token was made for has ended. Start Claude Code again.</source>
        <comment>guard.launch_ended</comment>
        <translation>此令牌对应的启动已经结束。请重新启动 Claude Code。</translation>
    </message>
    <message>
        <source>There is nothing at {path}.</source>
        <comment>guard.no_such_path</comment>
        <translation>{path} 处什么也没有。</translation>
    </message>
    <message>
        <source>Understudy&apos;s local token is missing or wrong. Start Claude Code with `understudy claude`, or send the token that `understudy token` shows as x-api-key, as Authorization: Bearer or as x-understudy-token.</source>
        <comment>guard.token_wrong</comment>
        <translation>Understudy 的本地令牌缺失或有误。请用 `understudy claude` 启动 Claude Code，或将 `understudy token` 显示的令牌作为 x-api-key、Authorization: Bearer 或 x-understudy-token 发送。</translation>
    </message>
    <message>
        <source>A request needs exactly one Host header.</source>
        <comment>guard.one_host</comment>
        <translation>请求必须恰好有一个 Host 头。</translation>
    </message>
    <message>
        <source>This address is not Understudy&apos;s.</source>
        <comment>guard.wrong_host</comment>
        <translation>此地址不属于 Understudy。</translation>
    </message>
    <message>
        <source>Understudy does not answer web pages.</source>
        <comment>guard.web_page</comment>
        <translation>Understudy 不回应网页。</translation>
    </message>
    <message>
        <source>{name} rejected the API key ({status}). Replace it in Understudy → Settings → Models and keys, or run `understudy keys set {provider}`.</source>
        <comment>provider.key_refused</comment>
        <translation>{name} 拒绝了 API 密钥（{status}）。请在 Understudy → 设置 → 模型与密钥中更换，或运行 `understudy keys set {provider}`。</translation>
    </message>
    <message>
        <source>{name} requires payment ({status}): the account is out of credit. Add credit or choose another model.</source>
        <comment>provider.out_of_credit</comment>
        <translation>{name} 要求付费（{status}）：账户余额不足。请充值，或选择其他模型。</translation>
    </message>
    <message>
        <source>{name} does not have the model {model} ({status}). Choose another one in Settings → Models and keys, or check the provider&apos;s base URL.</source>
        <comment>provider.model_unknown</comment>
        <translation>{name} 没有模型 {model}（{status}）。请在设置 → 模型与密钥中另选一个，或检查提供商的基础 URL。</translation>
    </message>
    <message>
        <source>{name} does not have the requested model ({status}). Choose another one in Settings → Models and keys, or check the provider&apos;s base URL.</source>
        <comment>provider.requested_model_unknown</comment>
        <translation>{name} 没有所请求的模型（{status}）。请在设置 → 模型与密钥中另选一个，或检查提供商的基础 URL。</translation>
    </message>
    <message>
        <source>prompt is too long</source>
        <comment>provider.prompt_too_long</comment>
        <translation>提示过长</translation>
    </message>
    <message>
        <source>input length and `max_tokens` exceed context limit: {tokens} + {max_tokens} &gt; {window}</source>
        <comment>provider.sum_too_long</comment>
        <translation>输入长度与 `max_tokens` 超出上下文上限：{tokens} + {max_tokens} &gt; {window}</translation>
    </message>
    <message>
        <source>{name} rejected the request ({status}).</source>
        <comment>provider.rejected</comment>
        <translation>{name} 拒绝了请求（{status}）。</translation>
    </message>
    <message>
        <source>{name} is limiting the rate of requests ({status}).</source>
        <comment>provider.rate_limited</comment>
        <translation>{name} 正在限制请求速率（{status}）。</translation>
    </message>
    <message>
        <source>{name} allows this account fewer tokens per minute than this one request has ({status}). Raise the account&apos;s tier or choose another model.</source>
        <comment>provider.over_minute_limit</comment>
        <translation>此账户在 {name} 每分钟可用的 token 少于这一个请求所需（{status}）。请提升账户等级，或选择其他模型。</translation>
    </message>
    <message>
        <source>{name} is overloaded ({status}). Try again in a moment.</source>
        <comment>provider.overloaded</comment>
        <translation>{name} 过载（{status}）。请稍后重试。</translation>
    </message>
    <message>
        <source>{name} did not answer in time ({status}). Try again in a moment.</source>
        <comment>provider.timed_out</comment>
        <translation>{name} 未及时回答（{status}）。请稍后重试。</translation>
    </message>
    <message>
        <source>{name} failed ({status}). Try again in a moment.</source>
        <comment>provider.failed</comment>
        <translation>{name} 出错（{status}）。请稍后重试。</translation>
    </message>
    <message>
        <source>{name} redirects requests to another address ({status}). Correct its base URL in the settings.</source>
        <comment>provider.redirects</comment>
        <translation>{name} 把请求重定向到别处（{status}）。请在设置中更正其基础 URL。</translation>
    </message>
    <message>
        <source>{name} answered with {status}, which is not the status of an answer.</source>
        <comment>provider.invalid_status</comment>
        <translation>{name} 以 {status} 回应，这不是有效的状态码。</translation>
    </message>
    <message>
        <source>an error inside its answer</source>
        <comment>status.inside_answer</comment>
        <translation>回答中的错误</translation>
    </message>
    <message>
        <source>It said: {words}</source>
        <comment>provider.words</comment>
        <translation>对方的话：{words}</translation>
    </message>
    <message>
        <source>an answer that cannot be read</source>
        <comment>answer.unreadable</comment>
        <translation>无法读取的内容</translation>
    </message>
    <message>
        <source>a web page</source>
        <comment>answer.web_page</comment>
        <translation>网页</translation>
    </message>
    <message>
        <source>a web page titled “{title}”</source>
        <comment>answer.web_page_titled</comment>
        <translation>标题为“{title}”的网页</translation>
    </message>
    <message>
        <source>something that is not an answer</source>
        <comment>answer.not_an_answer</comment>
        <translation>不是回答的内容</translation>
    </message>
    <message>
        <source>{name} answered with {what}. Check its base URL: it usually ends in /v1.</source>
        <comment>provider.not_an_api</comment>
        <translation>{name} 返回了{what}。请检查其基础 URL：通常以 /v1 结尾。</translation>
    </message>
    <message>
        <source>{name} ended its answer before it began.</source>
        <comment>provider.empty_stream</comment>
        <translation>{name} 尚未开始回答就结束了。</translation>
    </message>
    <message>
        <source>{name} sent an empty answer.</source>
        <comment>provider.empty_answer</comment>
        <translation>{name} 返回了空回答。</translation>
    </message>
    <message>
        <source>{name} sent something that is not an answer. Check its base URL.</source>
        <comment>provider.no_answer</comment>
        <translation>{name} 返回的不是回答。请检查其基础 URL。</translation>
    </message>
    <message>
        <source>{name} sent something that is not an answer.</source>
        <comment>provider.unreadable</comment>
        <translation>{name} 返回的不是回答。</translation>
    </message>
    <message>
        <source>{name} sent a damaged answer: one of its parts is not a chunk.</source>
        <comment>provider.damaged_chunk</comment>
        <translation>{name} 的回答已损坏：其中有一部分不是有效的数据块。</translation>
    </message>
    <message>
        <source>{name} sent a damaged answer: an event in it has no end.</source>
        <comment>provider.endless_event</comment>
        <translation>{name} 的回答已损坏：其中有一个事件没有结尾。</translation>
    </message>
    <message>
        <source>{name} sent a damaged answer: it has no end.</source>
        <comment>provider.endless_answer</comment>
        <translation>{name} 的回答已损坏：没有结尾。</translation>
    </message>
    <message>
        <source>{name} sent an answer that LiteLLM cannot read ({kind}). Try again, or choose another model.</source>
        <comment>provider.litellm_unreadable</comment>
        <translation>LiteLLM 无法解析 {name} 的回答（{kind}）。请重试，或换一个模型。</translation>
    </message>
    <message>
        <source>{name} did not answer in time.</source>
        <comment>provider.no_answer_in_time</comment>
        <translation>{name} 未及时回答。</translation>
    </message>
    <message>
        <source>{name} stopped answering: nothing more came in time.</source>
        <comment>provider.went_silent</comment>
        <translation>{name} 停止了回答：未及时收到更多内容。</translation>
    </message>
    <message>
        <source>{name} broke off its answer: the connection to {place} ended early.</source>
        <comment>provider.broke_off</comment>
        <translation>{name} 中断了回答：与 {place} 的连接提前结束。</translation>
    </message>
    <message>
        <source>{name} broke off its answer: the stream ended early.</source>
        <comment>provider.stream_ended_early</comment>
        <translation>{name} 中断了回答：流提前结束。</translation>
    </message>
    <message>
        <source>{name} cannot be reached: {why}. Check the network and the provider&apos;s base URL.</source>
        <comment>provider.unreachable</comment>
        <translation>无法连接 {name}：{why}。请检查网络和提供商的基础网址。</translation>
    </message>
    <message>
        <source>{name} cannot be reached: {why}. Is {server} running?</source>
        <comment>provider.local_unreachable</comment>
        <translation>无法连接 {name}：{why}。{server} 在运行吗？</translation>
    </message>
    <message>
        <source>{place} took too long to accept a connection</source>
        <comment>reach.too_slow</comment>
        <translation>{place} 迟迟不接受连接</translation>
    </message>
    <message>
        <source>{place} refused the connection</source>
        <comment>reach.refused</comment>
        <translation>{place} 拒绝了连接</translation>
    </message>
    <message>
        <source>the connection to {place} failed</source>
        <comment>reach.failed</comment>
        <translation>与 {place} 的连接失败</translation>
    </message>
    <message>
        <source>the provider</source>
        <comment>place.the_provider</comment>
        <translation>提供商</translation>
    </message>
    <message>
        <source>the local server</source>
        <comment>server.local</comment>
        <translation>本地服务器</translation>
    </message>
    <message>
        <source>the daily budget of ${limit} is used up</source>
        <comment>budget.day_used_up</comment>
        <translation>${limit} 的每日预算已用完</translation>
    </message>
    <message>
        <source>the monthly budget of ${limit} is used up</source>
        <comment>budget.month_used_up</comment>
        <translation>${limit} 的每月预算已用完</translation>
    </message>
    <message>
        <source>The daily budget of ${limit} is used to {share}: ${spent} was spent{priced}.</source>
        <comment>budget.day_near</comment>
        <translation>${limit} 的每日预算已用 {share}：已花费 ${spent}{priced}。</translation>
    </message>
    <message>
        <source>The monthly budget of ${limit} is used to {share}: ${spent} was spent{priced}.</source>
        <comment>budget.month_near</comment>
        <translation>${limit} 的每月预算已用 {share}：已花费 ${spent}{priced}。</translation>
    </message>
    <message>
        <source>The daily budget of ${limit} is used up: ${spent} was spent{priced}.</source>
        <comment>budget.day_spent</comment>
        <translation>${limit} 的每日预算已用完：已花费 ${spent}{priced}。</translation>
    </message>
    <message>
        <source>The monthly budget of ${limit} is used up: ${spent} was spent{priced}.</source>
        <comment>budget.month_spent</comment>
        <translation>${limit} 的每月预算已用完：已花费 ${spent}{priced}。</translation>
    </message>
    <message>
        <source> ({priced} of {requests} requests priced)</source>
        <comment>budget.priced_part</comment>
        <translation>（{requests} 个请求中有 {priced} 个已计价）</translation>
    </message>
    <message>
        <source>Requests go on.</source>
        <comment>budget.requests_go_on</comment>
        <translation>请求照常进行。</translation>
    </message>
    <message>
        <source>From now on SMALL answers.</source>
        <comment>budget.small_from_now</comment>
        <translation>从现在起由 SMALL 回答。</translation>
    </message>
    <message>
        <source>Requests that cost money are refused.</source>
        <comment>budget.requests_refused</comment>
        <translation>付费的请求会被拒绝。</translation>
    </message>
    <message>
        <source>The daily budget of ${limit} is used up, and Understudy was told to stop there. Raise it in Understudy → Settings → Log and budget, or go on tomorrow. Local models still answer.</source>
        <comment>budget.day_refused</comment>
        <translation>${limit} 的每日预算已用完，而 Understudy 被设为到此停止。请在 Understudy → 设置 → 日志与预算中提高预算，或明天再继续。本地模型仍会回答。</translation>
    </message>
    <message>
        <source>The monthly budget of ${limit} is used up, and Understudy was told to stop there. Raise it in Understudy → Settings → Log and budget, or go on next month. Local models still answer.</source>
        <comment>budget.month_refused</comment>
        <translation>${limit} 的每月预算已用完，而 Understudy 被设为到此停止。请在 Understudy → 设置 → 日志与预算中提高预算，或下个月再继续。本地模型仍会回答。</translation>
    </message>
    <message>
        <source>The address of {name} is Understudy&apos;s own: a request would go round for ever. Correct its base URL in the settings.</source>
        <comment>provider.own_address</comment>
        <translation>{name} 的地址就是 Understudy 自己：请求会永远循环。请在设置中更正其基础网址。</translation>
    </message>
    <message>
        <source>{name} has no base URL. Set one in Understudy → Settings → Models and keys.</source>
        <comment>provider.no_base_url</comment>
        <translation>{name} 没有设置基础网址。请在 Understudy → 设置 → 模型与密钥中设置。</translation>
    </message>
    <message>
        <source>{source} is not the address of a proxy. Set it to an address like http://proxy.example:3128, or clear it.</source>
        <comment>proxy.not_an_address</comment>
        <translation>{source} 不是有效的代理地址。请改为 http://proxy.example:3128 这样的地址，或将其清空。</translation>
    </message>
    <message>
        <source>{source} names a {scheme} proxy, and only http and https proxies are supported. Choose an http proxy.</source>
        <comment>proxy.kind_unsupported</comment>
        <translation>{source} 指定的是 {scheme} 代理，目前只支持 http 和 https 代理。请改用 http 代理。</translation>
    </message>
    <message>
        <source>{source} names a {scheme} proxy, and only http and https proxies are supported. Choose an http proxy, or add {host} to NO_PROXY.</source>
        <comment>proxy.kind_unsupported_by_variable</comment>
        <translation>{source} 指定的是 {scheme} 代理，目前只支持 http 和 https 代理。请改用 http 代理，或将 {host} 加入 NO_PROXY。</translation>
    </message>
    <message>
        <source>The outgoing proxy in the settings</source>
        <comment>proxy.in_settings</comment>
        <translation>设置中的出站代理</translation>
    </message>
    <message>
        <source>The system&apos;s proxy</source>
        <comment>proxy.of_system</comment>
        <translation>系统代理</translation>
    </message>
    <message>
        <source>{name} cannot be used: the Python package {package} is not installed. Reinstall Understudy, or choose another model.</source>
        <comment>setup.package_missing</comment>
        <translation>无法使用 {name}：缺少 Python 包 {package}。请重新安装 Understudy，或换一个模型。</translation>
    </message>
    <message>
        <source>{name} cannot be used: a Python package is missing. Reinstall Understudy, or choose another model.</source>
        <comment>setup.some_package_missing</comment>
        <translation>无法使用 {name}：缺少一个 Python 包。请重新安装 Understudy，或换一个模型。</translation>
    </message>
    <message>
        <source>{name} has no Google credentials. Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account.</source>
        <comment>setup.no_google_credentials</comment>
        <translation>{name} 没有可用的 Google 凭据。请运行 `gcloud auth application-default login`，或将 GOOGLE_APPLICATION_CREDENTIALS 设为服务账号的密钥文件。</translation>
    </message>
    <message>
        <source>{name} did not get an access token: Google refused the credentials of this machine. Run `gcloud auth application-default login` again, or renew the key file of the service account.</source>
        <comment>setup.google_credentials_refused</comment>
        <translation>{name} 未能取得访问令牌：Google 拒绝了本机的凭据。请重新运行 `gcloud auth application-default login`，或更换服务账号的密钥文件。</translation>
    </message>
    <message>
        <source>{name} has no valid AWS credentials. Run `aws configure` or `aws sso login`, or store a key: `understudy keys set {provider}`.</source>
        <comment>setup.no_aws_credentials</comment>
        <translation>{name} 没有有效的 AWS 凭据。请运行 `aws configure` 或 `aws sso login`，或存入一个密钥：`understudy keys set {provider}`。</translation>
    </message>
    <message>
        <source>{name} was not asked: its settings are not complete, or LiteLLM cannot send this request.</source>
        <comment>setup.not_sent</comment>
        <translation>请求未发送给 {name}：其设置不完整，或 LiteLLM 无法发送此请求。</translation>
    </message>
    <message>
        <source>There is no demo model named {model}. There are: {models}.</source>
        <comment>demo.no_such_model</comment>
        <translation>没有名为 {model} 的演示模型。现有：{models}。</translation>
    </message>
    <message>
        <source>{name} did not list its models within {seconds:g} seconds.</source>
        <comment>models.late</comment>
        <translation>{name} 未能在 {seconds:g} 秒内列出模型。</translation>
    </message>
    <message>
        <source>{name} cannot be reached at {place}. Check the address and the network.</source>
        <comment>models.unreachable</comment>
        <translation>无法在 {place} 连接 {name}。请检查地址和网络。</translation>
    </message>
    <message>
        <source>{name} rejected the API key ({status}).</source>
        <comment>models.key_refused</comment>
        <translation>{name} 拒绝了 API 密钥（{status}）。</translation>
    </message>
    <message>
        <source>{name} answered {status} at {place}, not with a list of models.</source>
        <comment>models.not_a_list</comment>
        <translation>{name} 在 {place} 回应了 {status}，而不是模型列表。</translation>
    </message>
</context>
<context>
    <name>ModelListView</name>
    <message>
        <source>{0} window</source>
        <translation>窗口 {0}</translation>
    </message>
    <message>
        <source>{0} in, {1} out</source>
        <translation>输入 {0}，输出 {1}</translation>
    </message>
    <message>
        <source>tools</source>
        <translation>工具</translation>
    </message>
    <message>
        <source>images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>thinking</source>
        <translation>思考</translation>
    </message>
    <message>
        <source>Passthrough to Anthropic</source>
        <translation>直通 Anthropic</translation>
    </message>
    <message>
        <source>Use “{0}”</source>
        <translation>使用“{0}”</translation>
    </message>
    <message>
        <source>The role is not set</source>
        <translation>不设置此角色</translation>
    </message>
    <message>
        <source>The request goes out unchanged</source>
        <translation>请求原样发出</translation>
    </message>
    <message>
        <source>Local</source>
        <translation>本地</translation>
    </message>
    <message>
        <source>Reached</source>
        <translation>可达</translation>
    </message>
</context>
<context>
    <name>ModelPicker</name>
    <message>
        <source>Show models</source>
        <translation>显示模型</translation>
    </message>
    <message>
        <source>Search models</source>
        <translation>搜索模型</translation>
    </message>
    <message>
        <source>There is no provider called {0}.</source>
        <translation>没有名为 {0} 的提供商。</translation>
    </message>
    <message>
        <source>No such model is known. Write it as provider/name to use it.</source>
        <translation>没有已知的此模型。写成 提供商/名称 即可使用。</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>No model has all these words.</source>
        <translation>没有模型包含所有这些词。</translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message>
        <source>Models and keys</source>
        <translation>模型与密钥</translation>
    </message>
    <message>
        <source>Choose which model answers for each Claude Code role. Keys stay in your system&apos;s keyring.</source>
        <translation>为 Claude Code 的每个角色选择模型。密钥留在系统密钥环中。</translation>
    </message>
    <message>
        <source>Active profile</source>
        <translation>当前配置档</translation>
    </message>
    <message>
        <source>Profile</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>default</source>
        <translation>默认</translation>
    </message>
</context>
<context>
    <name>Notes</name>
    <message>
        <source>A budget is used up</source>
        <translation>预算已用尽</translation>
    </message>
    <message>
        <source>A budget is nearly used up</source>
        <translation>预算即将用尽</translation>
    </message>
    <message>
        <source>The proxy does not run</source>
        <translation>代理没有运行</translation>
    </message>
    <message>
        <source>The proxy was restarted</source>
        <translation>代理已重新启动</translation>
    </message>
    <message>
        <source>That failed</source>
        <translation>操作失败</translation>
    </message>
    <message>
        <source>A model may be gone</source>
        <translation>某个模型可能已消失</translation>
    </message>
    <message>
        <source>{0} plays {1} and is not in its provider&apos;s list.</source>
        <translation>{0} 扮演 {1}，但不在其提供商的列表中。</translation>
    </message>
    <message>
        <source>A key was rejected</source>
        <translation>有密钥被拒</translation>
    </message>
    <message>
        <source>A model was not found</source>
        <translation>找不到某个模型</translation>
    </message>
</context>
<context>
    <name>NoticeStrip</name>
    <message>
        <source>The port is taken by {0}.</source>
        <translation>端口被 {0} 占用。</translation>
    </message>
    <message>
        <source>another program</source>
        <translation>其他程序</translation>
    </message>
    <message>
        <source>Use port {0}</source>
        <translation>使用端口 {0}</translation>
    </message>
    <message>
        <source>The proxy failed.</source>
        <translation>代理失败。</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Claude Code is not installed here.</source>
        <translation>此处未安装 Claude Code。</translation>
    </message>
    <message>
        <source>Copy the install command</source>
        <translation>复制安装命令</translation>
    </message>
    <message>
        <source>Launch anyway</source>
        <translation>仍然启动</translation>
    </message>
    <message>
        <source>today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>this month</source>
        <translation>本月</translation>
    </message>
    <message>
        <source>{0} of {1} spent {2}.</source>
        <translation>{2}已花费 {0}，上限 {1}。</translation>
    </message>
    <message>
        <source>Budget</source>
        <translation>预算</translation>
    </message>
    <message>
        <source>The keyring is locked. Unlock it, so that Understudy can read your keys and its token.</source>
        <translation>密钥环已锁定。请解锁，以便 Understudy 读取你的密钥和本地令牌。</translation>
    </message>
    <message>
        <source>No keyring was found: keys are kept in memory and gone when Understudy ends.</source>
        <translation>没有找到密钥环：密钥只保存在内存中，Understudy 退出后消失。</translation>
    </message>
    <message>
        <source>Models and keys</source>
        <translation>模型与密钥</translation>
    </message>
    <message>
        <source>Understudy ended unexpectedly last time and kept a report of it, without secrets.</source>
        <translation>Understudy 上次意外退出，并留下了一份不含机密的报告。</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>显示</translation>
    </message>
    <message>
        <source>There is no system tray here, so this window stays: closing it ends Understudy.</source>
        <translation>此处没有系统托盘，所以此窗口会保留：关闭它就退出 Understudy。</translation>
    </message>
    <message>
        <source>Put away</source>
        <translation>收起</translation>
    </message>
</context>
<context>
    <name>PictureStrip</name>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
</context>
<context>
    <name>PictureWindow</name>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>Pictures</name>
    <message>
        <source>Picture {0}</source>
        <translation>图片 {0}</translation>
    </message>
    <message>
        <source>too large to show</source>
        <translation>太大，无法显示</translation>
    </message>
    <message>
        <source>damaged</source>
        <translation>已损坏</translation>
    </message>
    <message>
        <source>of no kind shown here</source>
        <translation>此处不显示这种格式</translation>
    </message>
</context>
<context>
    <name>PriceRow</name>
    <message>
        <source>{0}, USD per million input tokens</source>
        <translation>{0}，每百万输入词元的美元价格</translation>
    </message>
    <message>
        <source>{0}, USD per million output tokens</source>
        <translation>{0}，每百万输出词元的美元价格</translation>
    </message>
    <message>
        <source>Remove the price of {0}</source>
        <translation>移除 {0} 的价格</translation>
    </message>
    <message>
        <source>in</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>out</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>Enter both prices; 0 means free.</source>
        <translation>请填写两个价格；0 表示免费。</translation>
    </message>
</context>
<context>
    <name>PricesCard</name>
    <message>
        <source>Your prices</source>
        <translation>你的价格</translation>
    </message>
    <message>
        <source>USD per million tokens</source>
        <translation>美元 / 百万词元</translation>
    </message>
    <message>
        <source>For a model without a price</source>
        <translation>给没有价格的模型</translation>
    </message>
    <message>
        <source>Model to give a price to</source>
        <translation>要给出价格的模型</translation>
    </message>
</context>
<context>
    <name>Process</name>
    <message>
        <source>Starting Understudy again can&apos;t bring its window to the front: {0}. Use the tray icon instead.</source>
        <translation>再次启动 Understudy 无法将其窗口带到前台：{0}。请改用托盘图标。</translation>
    </message>
</context>
<context>
    <name>ProfileRow</name>
    <message>
        <source>Active</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>使用</translation>
    </message>
    <message>
        <source>Use {0}</source>
        <translation>使用 {0}</translation>
    </message>
    <message>
        <source>Rename {0}</source>
        <translation>重命名 {0}</translation>
    </message>
    <message>
        <source>Duplicate {0}</source>
        <translation>复制 {0}</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Delete {0}</source>
        <translation>删除 {0}</translation>
    </message>
    <message>
        <source>The default models</source>
        <translation>默认模型</translation>
    </message>
    <message>
        <source>The last profile stays.</source>
        <translation>最后一个配置档必须保留。</translation>
    </message>
    <message>
        <source>Name of the profile</source>
        <translation>配置档名称</translation>
    </message>
    <message>
        <source>A profile needs a name.</source>
        <translation>配置档需要名称。</translation>
    </message>
    <message>
        <source>There is a profile of this name.</source>
        <translation>已有同名配置档。</translation>
    </message>
</context>
<context>
    <name>ProfilesPage</name>
    <message>
        <source>Profiles</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>A profile says which model plays which role. Running sessions follow the active one.</source>
        <translation>配置档规定由哪个模型扮演哪个角色。运行中的会话跟随当前配置档。</translation>
    </message>
    <message>
        <source>New profile</source>
        <translation>新配置档</translation>
    </message>
    <message>
        <source>{0} copy</source>
        <translation>{0} 副本</translation>
    </message>
</context>
<context>
    <name>ProjectsCard</name>
    <message>
        <source>Project folders</source>
        <translation>项目文件夹</translation>
    </message>
    <message>
        <source>A folder in which Claude Code was launched gets its own profile here.</source>
        <translation>启动过 Claude Code 的文件夹可在此设定自己的配置档。</translation>
    </message>
    <message>
        <source>The active one</source>
        <translation>当前配置档</translation>
    </message>
    <message>
        <source>Profile for {0}</source>
        <translation>{0} 的配置档</translation>
    </message>
</context>
<context>
    <name>ProviderDetails</name>
    <message>
        <source>Base URL</source>
        <translation>基础网址</translation>
    </message>
    <message>
        <source>Empty: the usual one.</source>
        <translation>留空：使用默认网址。</translation>
    </message>
    <message>
        <source>Check now</source>
        <translation>立即检查</translation>
    </message>
    <message>
        <source>Get a key</source>
        <translation>获取密钥</translation>
    </message>
    <message>
        <source>Remove key…</source>
        <translation>移除密钥…</translation>
    </message>
    <message>
        <source>Remove provider…</source>
        <translation>移除提供商…</translation>
    </message>
    <message>
        <source>LiteLLM knows</source>
        <translation>由 LiteLLM 决定</translation>
    </message>
</context>
<context>
    <name>ProviderRow</name>
    <message>
        <source>Key for {0}</source>
        <translation>{0} 的密钥</translation>
    </message>
    <message>
        <source>through LiteLLM</source>
        <translation>经由 LiteLLM</translation>
    </message>
    <message>
        <source>built in, answers by itself</source>
        <translation>内置，自行应答</translation>
    </message>
    <message>
        <source>Paste a key</source>
        <translation>粘贴密钥</translation>
    </message>
    <message>
        <source>Needs no key</source>
        <translation>不需要密钥</translation>
    </message>
    <message>
        <source>Not a key</source>
        <translation>不是密钥</translation>
    </message>
    <message>
        <source>Key not readable</source>
        <translation>无法读取密钥</translation>
    </message>
    <message>
        <source>No key</source>
        <translation>没有密钥</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>正在检查…</translation>
    </message>
    <message>
        <source>checked at {0}</source>
        <translation>检查于 {0}</translation>
    </message>
    <message numerus="yes">
        <source>%n model(s)</source>
        <translation>
            <numerusform>%n 个模型</numerusform>
        </translation>
    </message>
    <message>
        <source>Working</source>
        <translation>可用</translation>
    </message>
    <message>
        <source>Not checked</source>
        <translation>未检查</translation>
    </message>
    <message>
        <source>Key rejected</source>
        <translation>密钥被拒</translation>
    </message>
    <message>
        <source>Not working</source>
        <translation>不可用</translation>
    </message>
    <message>
        <source>Set by {0} in the environment</source>
        <translation>由环境变量 {0} 设定</translation>
    </message>
    <message>
        <source>Kept for this run only</source>
        <translation>只在本次运行中保留</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Replace the key for {0}</source>
        <translation>替换 {0} 的密钥</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>检查</translation>
    </message>
    <message>
        <source>Check {0}</source>
        <translation>检查 {0}</translation>
    </message>
    <message>
        <source>Keep and check the key for {0}</source>
        <translation>保存并检查 {0} 的密钥</translation>
    </message>
    <message>
        <source>Get a key</source>
        <translation>获取密钥</translation>
    </message>
    <message>
        <source>Get a key at {0}</source>
        <translation>在 {0} 获取密钥</translation>
    </message>
    <message>
        <source>More about {0}</source>
        <translation>{0} 的更多选项</translation>
    </message>
</context>
<context>
    <name>ProvidersCard</name>
    <message>
        <source>Providers</source>
        <translation>提供商</translation>
    </message>
    <message>
        <source>Add provider</source>
        <translation>添加提供商</translation>
    </message>
    <message>
        <source>No provider yet. Add one, and paste its key.</source>
        <translation>还没有提供商。添加一个并粘贴其密钥。</translation>
    </message>
    <message>
        <source>The keyring is locked. Unlock it to use and change the keys in it.</source>
        <translation>密钥环已锁定。请解锁后再使用或更改其中的密钥。</translation>
    </message>
    <message>
        <source>This system has no keyring that works: keys are kept in memory and are gone after quitting.</source>
        <translation>此系统没有可用的密钥环：密钥只保存在内存中，退出后消失。</translation>
    </message>
</context>
<context>
    <name>ProxyPage</name>
    <message>
        <source>Proxy</source>
        <translation>代理</translation>
    </message>
    <message>
        <source>Claude Code speaks to this address. The proxy starts anew when its address or port changes.</source>
        <translation>Claude Code 与此地址通信。地址或端口改变时代理会重新启动。</translation>
    </message>
    <message>
        <source>Other machines in your network reach the proxy, and spend on your keys with its token.</source>
        <translation>网络中的其他机器可以访问代理，并可凭令牌使用你的密钥消费。</translation>
    </message>
    <message>
        <source>Open mode: every program on this machine may spend on your keys, without a token.</source>
        <translation>开放模式：本机任何程序无需令牌即可使用你的密钥消费。</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>地址</translation>
    </message>
    <message>
        <source>127.0.0.1 is this machine alone.</source>
        <translation>127.0.0.1 仅限本机。</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>端口</translation>
    </message>
    <message>
        <source>From 1 to 65535; 8082 unless you need another.</source>
        <translation>1 到 65535；如无特殊需要请用 8082。</translation>
    </message>
    <message>
        <source>Access from the network</source>
        <translation>允许网络访问</translation>
    </message>
    <message>
        <source>Allows an address that other machines reach, such as 0.0.0.0.</source>
        <translation>允许其他机器可达的地址，例如 0.0.0.0。</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Local token</source>
        <translation>本地令牌</translation>
    </message>
    <message>
        <source>Open mode</source>
        <translation>开放模式</translation>
    </message>
    <message>
        <source>For tools that cannot send a token. Leave it off otherwise.</source>
        <translation>供无法发送令牌的工具使用。否则请保持关闭。</translation>
    </message>
    <message>
        <source>Outgoing</source>
        <translation>出站</translation>
    </message>
    <message>
        <source>Timeouts</source>
        <translation>超时</translation>
    </message>
    <message>
        <source>HTTP proxy</source>
        <translation>HTTP 代理</translation>
    </message>
    <message>
        <source>Renew…</source>
        <translation>重新生成…</translation>
    </message>
    <message>
        <source>Clients need this token. Renewing disconnects clients that use the old one.</source>
        <translation>客户端需要此令牌。重新生成后，使用旧令牌的客户端会断开。</translation>
    </message>
    <message>
        <source>Access</source>
        <translation>访问</translation>
    </message>
    <message>
        <source>Through which providers are reached, where your network wants one.</source>
        <translation>网络要求时，经由它访问提供商。</translation>
    </message>
    <message>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Passthrough</source>
        <translation>直通</translation>
    </message>
    <message>
        <source>Where requests go that pass through unchanged.</source>
        <translation>原样通过的请求发往何处。</translation>
    </message>
    <message>
        <source>seconds</source>
        <translation>秒</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>连接</translation>
    </message>
    <message>
        <source>To a provider.</source>
        <translation>连接到提供商。</translation>
    </message>
    <message>
        <source>First words</source>
        <translation>首个内容</translation>
    </message>
    <message>
        <source>Local models may read a long prompt for minutes.</source>
        <translation>本地模型读长提示词可能要几分钟。</translation>
    </message>
    <message>
        <source>Between words</source>
        <translation>内容间隔</translation>
    </message>
    <message>
        <source>Silence after which an answer is given up.</source>
        <translation>沉默多久后放弃回答。</translation>
    </message>
    <message>
        <source>Request</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>For a client to send all of it.</source>
        <translation>供客户端发完整个请求。</translation>
    </message>
    <message>
        <source>Made at the first start</source>
        <translation>首次启动时生成</translation>
    </message>
    <message>
        <source>Set by {0} in the environment</source>
        <translation>由环境变量 {0} 设定</translation>
    </message>
</context>
<context>
    <name>Questions</name>
    <message>
        <source>Delete log</source>
        <translation>删除日志</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>正在统计…</translation>
    </message>
    <message>
        <source>Delete the whole log?</source>
        <translation>删除整个日志？</translation>
    </message>
    <message>
        <source>The log is empty.</source>
        <translation>日志为空。</translation>
    </message>
    <message>
        <source>Their conversations, usage and costs are deleted too.</source>
        <translation>其对话内容、用量和费用也会一并删除。</translation>
    </message>
    <message>
        <source>Delete {0} ({1})?</source>
        <translation>删除 {0}（{1}）？</translation>
    </message>
    <message>
        <source>Delete {0}</source>
        <translation>删除 {0}</translation>
    </message>
    <message>
        <source>Times, tokens and costs stay in the log.</source>
        <translation>时间、token 和费用仍保留在日志中。</translation>
    </message>
    <message>
        <source>No conversations are saved.</source>
        <translation>没有保存任何对话内容。</translation>
    </message>
    <message>
        <source>Delete conversations</source>
        <translation>删除对话内容</translation>
    </message>
    <message>
        <source>1 conversation</source>
        <translation>1 份对话内容</translation>
    </message>
    <message>
        <source>{0} conversations</source>
        <translation>{0} 份对话内容</translation>
    </message>
    <message>
        <source>Damaged logs that were set aside are deleted too.</source>
        <translation>先前另存的损坏日志也会一并删除。</translation>
    </message>
    <message>
        <source>It uses the default models.</source>
        <translation>它使用默认模型。</translation>
    </message>
    <message>
        <source>It is the active profile. “{0}” becomes active, for running sessions too.</source>
        <translation>它是当前配置档。删除后将启用“{0}”，运行中的会话也会随之切换。</translation>
    </message>
    <message>
        <source>1 project folder uses it and falls back to the active profile.</source>
        <translation>1 个项目文件夹正在使用它，之后将改用当前配置档。</translation>
    </message>
    <message>
        <source>{0} project folders use it and fall back to the active profile.</source>
        <translation>{0} 个项目文件夹正在使用它，之后将改用当前配置档。</translation>
    </message>
    <message>
        <source>Delete the profile “{0}”?</source>
        <translation>删除配置档“{0}”？</translation>
    </message>
    <message>
        <source>Delete “{0}”</source>
        <translation>删除“{0}”</translation>
    </message>
    <message>
        <source>Remove the key for {0}?</source>
        <translation>移除 {0} 的密钥？</translation>
    </message>
    <message>
        <source>Remove key</source>
        <translation>移除密钥</translation>
    </message>
    <message>
        <source>Its address and its key are deleted.</source>
        <translation>它的地址和密钥都会被删除。</translation>
    </message>
    <message>
        <source>Its address is deleted.</source>
        <translation>它的地址会被删除。</translation>
    </message>
    <message>
        <source>Remove {0}?</source>
        <translation>移除 {0}？</translation>
    </message>
    <message>
        <source>Remove provider</source>
        <translation>移除提供商</translation>
    </message>
    <message>
        <source>{0} in and {1} out, USD per million tokens.</source>
        <translation>输入 {0}，输出 {1}（美元/百万 token）。</translation>
    </message>
    <message>
        <source>Remove your price for {0}?</source>
        <translation>移除你为 {0} 设定的价格？</translation>
    </message>
    <message>
        <source>Remove price</source>
        <translation>移除价格</translation>
    </message>
    <message>
        <source>Renew the local token?</source>
        <translation>重新生成本地令牌？</translation>
    </message>
    <message>
        <source>Requests to it will fail until you add a key.</source>
        <translation>在你再次添加密钥之前，发往它的请求都会失败。</translation>
    </message>
    <message>
        <source>Understudy keeps no copy of the key.</source>
        <translation>Understudy 不会保留密钥的副本。</translation>
    </message>
    <message>
        <source>Requests to it will fail.</source>
        <translation>发往它的请求都会失败。</translation>
    </message>
    <message>
        <source>New requests use the catalogue price, if there is one.</source>
        <translation>新请求将按目录价格计算（如果有）。</translation>
    </message>
    <message>
        <source>Clients that use the old token are disconnected after 30 seconds, sessions launched from here too.</source>
        <translation>使用旧令牌的客户端将在 30 秒后断开，从这里启动的会话也一样。</translation>
    </message>
    <message>
        <source>IDEs, scripts and copied commands need the new one.</source>
        <translation>IDE、脚本和已复制的命令都需要换用新令牌。</translation>
    </message>
    <message>
        <source>Renew token</source>
        <translation>重新生成令牌</translation>
    </message>
    <message>
        <source>{0}: {1} → {2}</source>
        <translation>{0}：{1} → {2}</translation>
    </message>
    <message>
        <source>Restore the defaults of “{0}”?</source>
        <translation>将“{0}”恢复为默认设置？</translation>
    </message>
    <message>
        <source>Restore defaults</source>
        <translation>恢复默认</translation>
    </message>
    <message>
        <source>Delete the crash report?</source>
        <translation>删除崩溃报告？</translation>
    </message>
    <message>
        <source>Open it first if you want to report the problem.</source>
        <translation>如需反馈问题，请先打开它。</translation>
    </message>
    <message>
        <source>Delete report</source>
        <translation>删除报告</translation>
    </message>
    <message>
        <source>Used by {0}.</source>
        <translation>正在使用它的角色：{0}。</translation>
    </message>
    <message>
        <source>Also used by other profiles: {0}.</source>
        <translation>其他配置档也在使用：{0}。</translation>
    </message>
    <message>
        <source>No role uses it.</source>
        <translation>没有角色使用它。</translation>
    </message>
    <message>
        <source>This can&apos;t be undone.</source>
        <translation>此操作无法撤销。</translation>
    </message>
</context>
<context>
    <name>Reading</name>
    <message>
        <source>A port is a number from 1 to 65535.</source>
        <translation>端口是 1 到 65535 的数字。</translation>
    </message>
    <message>
        <source>Write an address such as 127.0.0.1.</source>
        <translation>请写地址，例如 127.0.0.1。</translation>
    </message>
    <message>
        <source>Write an http or https address, such as http://proxy.example:3128.</source>
        <translation>请写 http 或 https 地址，例如 http://proxy.example:3128。</translation>
    </message>
    <message>
        <source>Write a number of seconds above 0.</source>
        <translation>请写大于 0 的秒数。</translation>
    </message>
    <message>
        <source>Write an amount in US dollars, 0 or more.</source>
        <translation>请写美元金额，0 或更多。</translation>
    </message>
    <message>
        <source>Write a whole number above 0.</source>
        <translation>请写大于 0 的整数。</translation>
    </message>
    <message>
        <source>{script} has to stand in it: that is what the terminal runs.</source>
        <translation>其中必须有 {script}：那是终端要运行的内容。</translation>
    </message>
    <message>
        <source>Small letters, digits, &apos;-&apos;, &apos;_&apos; and &apos;.&apos; make an id.</source>
        <translation>标识由小写字母、数字、“-”、“_”和“.”组成。</translation>
    </message>
    <message>
        <source>{0} means something else here.</source>
        <translation>{0} 在此另有含义。</translation>
    </message>
    <message>
        <source>Write {0} or {1}: {2} can mean both.</source>
        <translation>{2} 有两种读法：请写成 {0} 或 {1}。</translation>
    </message>
    <message>
        <source>Write an http or https address without a user name or password.</source>
        <translation>请写不含用户名和密码的 http 或 https 地址。</translation>
    </message>
</context>
<context>
    <name>RequestFilters</name>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Which requests</source>
        <translation>哪些请求</translation>
    </message>
    <message>
        <source>Filter by model, role or status</source>
        <translation>按模型、角色或状态筛选</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>筛选</translation>
    </message>
    <message>
        <source>More filters</source>
        <translation>更多筛选</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Profile</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Search in bodies</source>
        <translation>在正文中搜索</translation>
    </message>
    <message>
        <source>Clear all filters</source>
        <translation>清除所有筛选</translation>
    </message>
    <message>
        <source>Any</source>
        <translation>任意</translation>
    </message>
    <message>
        <source>More filters: some are on</source>
        <translation>更多筛选：已启用部分</translation>
    </message>
</context>
<context>
    <name>RequestStep</name>
    <message>
        <source>A real request, before your eyes</source>
        <translation>当场发出一个真实请求</translation>
    </message>
    <message>
        <source>It goes the way that all of Claude Code&apos;s will go: through the proxy to your model.</source>
        <translation>它走的就是 Claude Code 所有请求的路：经代理到达你的模型。</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>The model&apos;s answer</source>
        <translation>模型的回答</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>再试一次</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy the command that installs Claude Code</source>
        <translation>复制安装 Claude Code 的命令</translation>
    </message>
    <message>
        <source>Project folder</source>
        <translation>项目文件夹</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <source>Choose the project folder</source>
        <translation>选择项目文件夹</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>Your home folder</source>
        <translation>你的主文件夹</translation>
    </message>
    <message>
        <source>Claude Code is not installed yet: {0}</source>
        <translation>尚未安装 Claude Code：{0}</translation>
    </message>
    <message>
        <source>Streaming</source>
        <translation>流式传输</translation>
    </message>
    <message>
        <source>It works</source>
        <translation>成功</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Asking {0}…</source>
        <translation>正在询问 {0}…</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
</context>
<context>
    <name>Requests</name>
    <message>
        <source>{0} of {1} read from a cache</source>
        <translation>{1} 中有 {0} 来自缓存</translation>
    </message>
    <message>
        <source>Unpriced</source>
        <translation>无价格</translation>
    </message>
    <message>
        <source>Not billed</source>
        <translation>未计费</translation>
    </message>
    <message>
        <source>Paid by a subscription</source>
        <translation>由订阅支付</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Streaming</source>
        <translation>流式传输</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>{0} · retried</source>
        <translation>{0} · 已重试</translation>
    </message>
    <message>
        <source>key</source>
        <translation>密钥</translation>
    </message>
    <message>
        <source>denied</source>
        <translation>被拒绝</translation>
    </message>
    <message>
        <source>gone</source>
        <translation>未找到</translation>
    </message>
    <message>
        <source>slow</source>
        <translation>超时</translation>
    </message>
    <message>
        <source>billing</source>
        <translation>账单</translation>
    </message>
    <message>
        <source>limit</source>
        <translation>限额</translation>
    </message>
    <message>
        <source>busy</source>
        <translation>繁忙</translation>
    </message>
    <message>
        <source>invalid</source>
        <translation>无效</translation>
    </message>
    <message>
        <source>too big</source>
        <translation>过大</translation>
    </message>
    <message>
        <source>error</source>
        <translation>错误</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
</context>
<context>
    <name>RequestsList</name>
    <message>
        <source>No requests yet</source>
        <translation>还没有请求</translation>
    </message>
    <message>
        <source>Start Claude Code and its requests show up here as they happen.</source>
        <translation>启动 Claude Code，它的请求会实时显示在这里。</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>Nothing passes these filters</source>
        <translation>没有符合筛选的请求</translation>
    </message>
    <message>
        <source>Other words, or no filter at all, may find more.</source>
        <translation>换些词或不用筛选，也许能找到更多。</translation>
    </message>
    <message>
        <source>Clear all filters</source>
        <translation>清除所有筛选</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>{0} and more</source>
        <translation>{0} 及更多</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>实时</translation>
    </message>
    <message>
        <source>newest first</source>
        <translation>最新在前</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
</context>
<context>
    <name>RequestsModel</name>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Tokens in → out</source>
        <translation>词元 输入 → 输出</translation>
    </message>
    <message>
        <source>First</source>
        <translation>首词元</translation>
    </message>
    <message>
        <source>Duration</source>
        <translation>用时</translation>
    </message>
    <message>
        <source>Cost</source>
        <translation>费用</translation>
    </message>
</context>
<context>
    <name>RequestsPage</name>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
</context>
<context>
    <name>RequestsTable</name>
    <message>
        <source>Requests, newest first</source>
        <translation>请求，最新在前</translation>
    </message>
</context>
<context>
    <name>RoleRow</name>
    <message>
        <source>Model for {0}</source>
        <translation>{0} 的模型</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>测试</translation>
    </message>
    <message>
        <source>Test {0}</source>
        <translation>测试 {0}</translation>
    </message>
    <message>
        <source>Uses BIG</source>
        <translation>使用 BIG</translation>
    </message>
    <message>
        <source>As at Anthropic</source>
        <translation>按 Anthropic 计价</translation>
    </message>
    <message>
        <source>No price known</source>
        <translation>价格未知</translation>
    </message>
    <message>
        <source>Free</source>
        <translation>免费</translation>
    </message>
    <message>
        <source>Set by {0} in the environment</source>
        <translation>由环境变量 {0} 设定</translation>
    </message>
    <message>
        <source>Testing…</source>
        <translation>正在测试…</translation>
    </message>
    <message>
        <source>tested at {0}</source>
        <translation>测试于 {0}</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>应答</translation>
    </message>
    <message>
        <source>Streaming</source>
        <translation>流式传输</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>工具</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
</context>
<context>
    <name>Roles</name>
    <message>
        <source>Sonnet and Opus requests</source>
        <translation>Sonnet 和 Opus 请求</translation>
    </message>
    <message>
        <source>Haiku: titles, quick checks</source>
        <translation>Haiku：标题、快速检查</translation>
    </message>
    <message>
        <source>When thinking is asked for</source>
        <translation>要求思考时</translation>
    </message>
    <message>
        <source>Opus requests alone</source>
        <translation>仅 Opus 请求</translation>
    </message>
    <message>
        <source>Requests of subagents</source>
        <translation>子代理的请求</translation>
    </message>
    <message>
        <source>Long inputs</source>
        <translation>长输入</translation>
    </message>
    <message>
        <source>Images that a model cannot see</source>
        <translation>模型看不了的图像</translation>
    </message>
</context>
<context>
    <name>RolesCard</name>
    <message>
        <source>Roles</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>In / out, per million tokens</source>
        <translation>输入 / 输出，每百万词元</translation>
    </message>
    <message>
        <source>Test all</source>
        <translation>全部测试</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>从不</translation>
    </message>
    <message>
        <source>On purpose</source>
        <translation>明确要求时</translation>
    </message>
    <message>
        <source>At high effort and above</source>
        <translation>高强度及以上</translation>
    </message>
    <message>
        <source>Whenever thinking is on</source>
        <translation>只要开启思考</translation>
    </message>
    <message>
        <source>THINKER plays</source>
        <translation>何时用 THINKER</translation>
    </message>
    <message>
        <source>On purpose: a thinking budget, or an effort above high.</source>
        <translation>明确要求：有思考预算，或强度高于 high。</translation>
    </message>
    <message>
        <source>LONG plays above</source>
        <translation>超过多少用 LONG</translation>
    </message>
    <message>
        <source>Counted in the tokens of the input.</source>
        <translation>按输入的词元计算。</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>Same as BIG</source>
        <translation>与 BIG 相同</translation>
    </message>
    <message>
        <source>Matches BIG</source>
        <translation>与 BIG 搭配</translation>
    </message>
    <message>
        <source>There is no provider called {0}.</source>
        <translation>没有名为 {0} 的提供商。</translation>
    </message>
    <message>
        <source>{0} has no key yet.</source>
        <translation>{0} 还没有密钥。</translation>
    </message>
</context>
<context>
    <name>RolesStep</name>
    <message>
        <source>Who plays which part?</source>
        <translation>谁扮演哪个角色？</translation>
    </message>
    <message>
        <source>Claude Code asks for large and small models. These stand in; you can change them at any time.</source>
        <translation>Claude Code 会请求大模型和小模型。由下面这些模型顶替，随时可以更改。</translation>
    </message>
    <message>
        <source>Roles</source>
        <translation>角色</translation>
    </message>
    <message>
        <source>In / out, per million tokens</source>
        <translation>输入 / 输出，每百万词元</translation>
    </message>
</context>
<context>
    <name>Said</name>
    <message>
        <source>English</source>
        <translation>简体中文</translation>
    </message>
    <message>
        <source>run again of {0}: {1}</source>
        <translation>{0} 的再次运行：{1}</translation>
    </message>
    <message>
        <source>the disk is full</source>
        <translation>磁盘已满</translation>
    </message>
    <message>
        <source>{0} took too long to accept a connection</source>
        <translation>{0} 迟迟不接受连接</translation>
    </message>
    <message>
        <source>the TLS connection to {0} failed ({1})</source>
        <translation>与 {0} 的 TLS 连接失败（{1}）</translation>
    </message>
    <message>
        <source>the name {0} is not known</source>
        <translation>找不到名称 {0}</translation>
    </message>
    <message>
        <source>{0} refused the connection</source>
        <translation>{0} 拒绝了连接</translation>
    </message>
    <message>
        <source>the outgoing proxy cannot be reached</source>
        <translation>无法连接出站代理</translation>
    </message>
    <message>
        <source>the outgoing proxy did not answer in time</source>
        <translation>出站代理未及时响应</translation>
    </message>
    <message>
        <source>the outgoing proxy answered with {0}</source>
        <translation>出站代理返回了 {0}</translation>
    </message>
    <message>
        <source>{0} closed the connection at once</source>
        <translation>{0} 立即关闭了连接</translation>
    </message>
    <message>
        <source>the connection to {0} failed ({1})</source>
        <translation>与 {0} 的连接失败（{1}）</translation>
    </message>
    <message>
        <source>the connection to {0} failed</source>
        <translation>与 {0} 的连接失败</translation>
    </message>
    <message>
        <source>the provider</source>
        <translation>提供商</translation>
    </message>
    <message>
        <source>the local server</source>
        <translation>本地服务器</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s server</source>
        <translation>llama.cpp 的服务器</translation>
    </message>
    <message>
        <source> or set {0}</source>
        <translation>，或设置 {0}</translation>
    </message>
    <message>
        <source>{0} in .env</source>
        <translation>.env 中的 {0}</translation>
    </message>
    <message>
        <source>it is not UTF-8 text</source>
        <translation>它不是 UTF-8 文本</translation>
    </message>
    <message>
        <source>not UTF-8 text at line {0}</source>
        <translation>第 {0} 行不是 UTF-8 文本</translation>
    </message>
    <message>
        <source>nested too deeply</source>
        <translation>嵌套过深</translation>
    </message>
    <message>
        <source>The key</source>
        <translation>密钥</translation>
    </message>
    <message>
        <source>a text</source>
        <translation>文本</translation>
    </message>
    <message>
        <source>a whole number</source>
        <translation>整数</translation>
    </message>
    <message>
        <source>a number</source>
        <translation>数字</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>true 或 false</translation>
    </message>
    <message>
        <source>one of {0}</source>
        <translation>{0} 之一</translation>
    </message>
    <message>
        <source>a number of seconds above 0</source>
        <translation>大于 0 的秒数</translation>
    </message>
    <message>
        <source>an http or https address without a user name or password</source>
        <translation>不含用户名和密码的 http 或 https 地址</translation>
    </message>
    <message>
        <source>an http or https address</source>
        <translation>http 或 https 地址</translation>
    </message>
    <message>
        <source>a host name or address</source>
        <translation>主机名或地址</translation>
    </message>
    <message>
        <source>a port from 0 to 65535</source>
        <translation>0 到 65535 的端口</translation>
    </message>
    <message>
        <source>a number of tokens above 0</source>
        <translation>大于 0 的词元数</translation>
    </message>
    <message>
        <source>a number of days above 0</source>
        <translation>大于 0 的天数</translation>
    </message>
    <message>
        <source>a number of megabytes above 0</source>
        <translation>大于 0 的兆字节数</translation>
    </message>
    <message>
        <source>an amount of USD, 0 or more</source>
        <translation>不小于 0 的美元金额</translation>
    </message>
    <message>
        <source>USD per million tokens, 0 or more</source>
        <translation>不小于 0 的每百万词元美元价格</translation>
    </message>
    <message>
        <source>a command line with {script} in it</source>
        <translation>含有 {script} 的命令行</translation>
    </message>
    <message>
        <source>&apos;provider/name&apos; or &apos;{0}&apos;</source>
        <translation>“提供商/名称”或“{0}”</translation>
    </message>
    <message>
        <source>it is left out</source>
        <translation>已略过</translation>
    </message>
    <message>
        <source>{0} is used</source>
        <translation>采用 {0}</translation>
    </message>
    <message>
        <source>another program</source>
        <translation>另一个程序</translation>
    </message>
    <message>
        <source>{0} (process {1})</source>
        <translation>{0}（进程 {1}）</translation>
    </message>
    <message>
        <source>choose another port with --port</source>
        <translation>用 --port 另选端口</translation>
    </message>
    <message>
        <source>try --port {0}</source>
        <translation>试试 --port {0}</translation>
    </message>
    <message>
        <source>it returned without being asked to</source>
        <translation>它未经要求就结束了</translation>
    </message>
    <message>
        <source>{0} is not a folder of one&apos;s own</source>
        <translation>{0} 不是自己的文件夹</translation>
    </message>
    <message>
        <source>it ended with {0}</source>
        <translation>它以 {0} 结束</translation>
    </message>
    <message>
        <source>The command of one&apos;s own</source>
        <translation>自己的命令</translation>
    </message>
    <message>
        <source>The desktop&apos;s own choice</source>
        <translation>桌面的默认选择</translation>
    </message>
    <message>
        <source>The system&apos;s own choice</source>
        <translation>系统的默认选择</translation>
    </message>
    <message>
        <source>something else</source>
        <translation>别的东西</translation>
    </message>
    <message>
        <source>red</source>
        <translation>红色</translation>
    </message>
    <message>
        <source>green</source>
        <translation>绿色</translation>
    </message>
    <message>
        <source>blue</source>
        <translation>蓝色</translation>
    </message>
    <message>
        <source>yellow</source>
        <translation>黄色</translation>
    </message>
    <message>
        <source>A secret was</source>
        <translation>一处机密内容</translation>
    </message>
    <message>
        <source>{0} secrets were</source>
        <translation>{0} 处机密内容</translation>
    </message>
    <message>
        <source>{0} does not take {1}.</source>
        <translation>{0} 不接受 {1}。</translation>
    </message>
    <message>
        <source>{0} does not take {1}: it was left out.</source>
        <translation>{0} 不接受 {1}：已省去。</translation>
    </message>
    <message>
        <source>The request is nested too deeply.</source>
        <translation>请求嵌套过深。</translation>
    </message>
    <message>
        <source>The request body is over {0} MB.</source>
        <translation>请求正文超过 {0} MB。</translation>
    </message>
    <message>
        <source>The request body must be application/json.</source>
        <translation>请求正文必须是 application/json。</translation>
    </message>
    <message>
        <source>The request body must not be compressed.</source>
        <translation>请求正文不得压缩。</translation>
    </message>
    <message>
        <source>The content-length is not a number.</source>
        <translation>content-length 不是数字。</translation>
    </message>
    <message>
        <source>The request body did not arrive within {0} seconds.</source>
        <translation>请求正文未能在 {0} 秒内送达。</translation>
    </message>
    <message>
        <source>The request body must be a JSON object.</source>
        <translation>请求正文必须是 JSON 对象。</translation>
    </message>
    <message>
        <source>The request body is not valid JSON.</source>
        <translation>请求正文不是有效的 JSON。</translation>
    </message>
    <message>
        <source>This is not a valid HTTP request.</source>
        <translation>这不是有效的 HTTP 请求。</translation>
    </message>
    <message>
        <source>This server does not change to another protocol.</source>
        <translation>此服务器不切换到其他协议。</translation>
    </message>
    <message>
        <source>The request&apos;s head did not arrive within {0} seconds.</source>
        <translation>请求头未能在 {0} 秒内送达。</translation>
    </message>
    <message>
        <source>The request&apos;s head is over {0} kB.</source>
        <translation>请求头超过 {0} kB。</translation>
    </message>
    <message>
        <source>Understudy&apos;s local token is missing or wrong.</source>
        <translation>Understudy 的本地令牌缺失或有误。</translation>
    </message>
    <message>
        <source>Start Claude Code with `understudy claude`, or send the token that `understudy token` shows as x-api-key, as Authorization: Bearer or as x-understudy-token.</source>
        <translation>请用 `understudy claude` 启动 Claude Code，或将 `understudy token` 显示的令牌作为 x-api-key、Authorization: Bearer 或 x-understudy-token 发送。</translation>
    </message>
    <message>
        <source>{0}: the list holds no such model now.</source>
        <translation>{0}：列表中现在没有此模型。</translation>
    </message>
    <message>
        <source>Begin with its first page.</source>
        <translation>请从第一页开始。</translation>
    </message>
    <message>
        <source>limit: it has to be a number from 1 to {0}.</source>
        <translation>limit：必须是 1 到 {0} 的数字。</translation>
    </message>
    <message>
        <source>There is no role called {0}.</source>
        <translation>没有名为 {0} 的角色。</translation>
    </message>
    <message>
        <source>Choose one of {0}.</source>
        <translation>请从以下各项中选择：{0}。</translation>
    </message>
    <message>
        <source>The provider {0} has no base URL.</source>
        <translation>提供商 {0} 没有设置基础网址。</translation>
    </message>
    <message>
        <source>Set one in Understudy → Settings → Models and keys, or choose another model.</source>
        <translation>请在 Understudy → 设置 → 模型与密钥中设置，或选择其他模型。</translation>
    </message>
    <message>
        <source>{0} is not the name of a model.</source>
        <translation>{0} 不是模型名称。</translation>
    </message>
    <message>
        <source>Write it as provider/model, as in openai/gpt-4.1.</source>
        <translation>请写成“提供商/模型”的形式，例如 openai/gpt-4.1。</translation>
    </message>
    <message>
        <source>There is no provider called {0}, so {1} was not sent to anybody.</source>
        <translation>没有名为 {0} 的提供商，因此 {1} 未发送给任何人。</translation>
    </message>
    <message>
        <source>Write the provider before the model, as in openrouter/{0}, or add a custom provider in Understudy → Settings → Models and keys.</source>
        <translation>请在模型前写上提供商，例如 openrouter/{0}，或在 Understudy → 设置 → 模型与密钥中添加自定义提供商。</translation>
    </message>
    <message>
        <source>{0} has no base URL.</source>
        <translation>{0} 没有设置基础网址。</translation>
    </message>
    <message>
        <source>Set one in Understudy → Settings → Models and keys.</source>
        <translation>请在 Understudy → 设置 → 模型与密钥中设置。</translation>
    </message>
    <message>
        <source>There is no key for {0}.</source>
        <translation>没有 {0} 的密钥。</translation>
    </message>
    <message>
        <source>Open Understudy → Settings → Models and keys, run `understudy keys set {0}`{1}, and try again.</source>
        <translation>请打开 Understudy → 设置 → 模型与密钥，或运行 `understudy keys set {0}`{1}，然后重试。</translation>
    </message>
    <message>
        <source>No key is sent to {0}: its base URL comes from a .env file, which gets only a key of the same file.</source>
        <translation>没有向 {0} 发送密钥：它的基础网址 来自 .env 文件，只有同一文件中的密钥才会发送到那里。</translation>
    </message>
    <message>
        <source>Put {0} into that file, or set the base URL in the environment or in Understudy&apos;s settings.</source>
        <translation>请将 {0} 写入该文件，或在环境变量或 Understudy 的设置中指定基础网址。</translation>
    </message>
    <message>
        <source>Understudy itself failed on this request; its log says where.</source>
        <translation>Understudy 自身在处理此请求时出错；日志中有出错位置。</translation>
    </message>
    <message>
        <source>Passthrough needs an Anthropic key or a login of the client&apos;s own.</source>
        <translation>直通需要 Anthropic 密钥，或客户端自己的登录。</translation>
    </message>
    <message>
        <source>Run `understudy keys set anthropic`, or let the client send Understudy&apos;s token as x-understudy-token beside its own credential.</source>
        <translation>请运行 `understudy keys set anthropic`，或让客户端在自己的凭据之外，将 Understudy 的令牌作为 x-understudy-token 发送。</translation>
    </message>
    <message>
        <source>{0} ended its answer early.</source>
        <translation>{0} 提前结束了回答。</translation>
    </message>
    <message>
        <source>Understudy was stopped before this answer was whole.</source>
        <translation>此回答尚未完整，Understudy 就被停止了。</translation>
    </message>
    <message>
        <source>Start it again.</source>
        <translation>请重新启动。</translation>
    </message>
    <message>
        <source>Understudy ended before this answer was whole.</source>
        <translation>此回答尚未完整，Understudy 就结束了。</translation>
    </message>
    <message>
        <source>The provider&apos;s answer is nested too deeply.</source>
        <translation>提供商的回答嵌套过深。</translation>
    </message>
    <message>
        <source>{0} cannot be reached: {1}.</source>
        <translation>无法连接 {0}：{1}。</translation>
    </message>
    <message>
        <source>Check the network and the provider&apos;s base URL.</source>
        <translation>请检查网络和提供商的基础网址。</translation>
    </message>
    <message>
        <source>Check the server&apos;s certificate, or use http:// in its base URL.</source>
        <translation>请检查服务器的证书，或在其基础网址中使用 http://。</translation>
    </message>
    <message>
        <source>Is the local server running?</source>
        <translation>本地服务器在运行吗？</translation>
    </message>
    <message>
        <source>Is {0} running?</source>
        <translation>{0} 在运行吗？</translation>
    </message>
    <message>
        <source>The address of {0} is no URL that can be reached.</source>
        <translation>{0} 的地址不是可以连接的 URL。</translation>
    </message>
    <message>
        <source>{0} closed the connection before it answered ({1}).</source>
        <translation>{0} 未回答就关闭了连接 ({1})。</translation>
    </message>
    <message>
        <source>It may have received the request, so it was not sent again.</source>
        <translation>请求可能已经送达，因此没有重发。</translation>
    </message>
    <message>
        <source>{0} answered with something that is not HTTP ({1}).</source>
        <translation>{0} 返回的不是 HTTP 响应 ({1})。</translation>
    </message>
    <message>
        <source>Check its base URL.</source>
        <translation>请检查其基础网址。</translation>
    </message>
    <message>
        <source>The outgoing proxy requires a user name and a password (407).</source>
        <translation>出站代理要求用户名和密码 (407)。</translation>
    </message>
    <message>
        <source>Put them in its address: http://name:password@proxy.example:3128.</source>
        <translation>请把它们写进代理地址：http://name:password@proxy.example:3128。</translation>
    </message>
    <message>
        <source>The outgoing proxy does not allow connections to {0} ({1}).</source>
        <translation>出站代理不允许连接 {0} ({1})。</translation>
    </message>
    <message>
        <source>Ask its administrator, or add {0} to NO_PROXY.</source>
        <translation>请联系其管理员，或将 {0} 加入 NO_PROXY。</translation>
    </message>
    <message>
        <source>Check the network and the proxy&apos;s address.</source>
        <translation>请检查网络和代理地址。</translation>
    </message>
    <message>
        <source>The client left, or Understudy stopped, before the provider answered.</source>
        <translation>提供商尚未回答，客户端便已断开，或 Understudy 已停止。</translation>
    </message>
    <message>
        <source>{0} did not answer in time ({1}).</source>
        <translation>{0} 未及时回答（{1}）。</translation>
    </message>
    <message>
        <source>{0} stopped answering: nothing more came in time.</source>
        <translation>{0} 停止了回答：未及时收到更多内容。</translation>
    </message>
    <message>
        <source>{0} broke off its answer: the connection to {1} ended early.</source>
        <translation>{0} 中断了回答：与 {1} 的连接提前结束。</translation>
    </message>
    <message>
        <source>It ended with {0}.</source>
        <translation>它以 {0} 结束。</translation>
    </message>
    <message>
        <source>The provider sent more arguments for the finished call of {0}.</source>
        <translation>提供商给已完成的 {0} 调用又发来参数。</translation>
    </message>
    <message>
        <source>The provider cannot be held to a JSON schema; the model was asked for it in words.</source>
        <translation>无法约束提供商遵守 JSON schema；已用文字请模型遵守。</translation>
    </message>
    <message>
        <source>{0} cannot use tools: they were left out.</source>
        <translation>{0} 不能使用工具：已省去。</translation>
    </message>
    <message>
        <source>max_tokens {0} is more than {1} can give; {2} was sent.</source>
        <translation>max_tokens {0} 超过 {1} 的上限；发送的是 {2}。</translation>
    </message>
    <message>
        <source>Chat completions have no top_k: it was left out.</source>
        <translation>Chat completions 没有 top_k：已省去。</translation>
    </message>
    <message>
        <source>Only {0} of {1} stop sequences could be sent.</source>
        <translation>{1} 个停止序列中只能发送 {0} 个。</translation>
    </message>
    <message>
        <source>The provider cannot be kept to one tool call at a time.</source>
        <translation>无法让提供商每次只调用一个工具。</translation>
    </message>
    <message>
        <source>{0} takes no {1}: it was left out.</source>
        <translation>{0} 不接受 {1}：已省去。</translation>
    </message>
    <message>
        <source>{0} cannot take PDF documents: they were left out.</source>
        <translation>{0} 不能接收 PDF 文档：已省去。</translation>
    </message>
    <message>
        <source>{0} cannot see images: they were left out.</source>
        <translation>{0} 看不了图片：已省去。</translation>
    </message>
    <message>
        <source>An image whose source only Anthropic can read was left out.</source>
        <translation>省去了一张只有 Anthropic 能读取来源的图片。</translation>
    </message>
    <message>
        <source>A block of the type {0} was left out.</source>
        <translation>省去了一个 {0} 类型的块。</translation>
    </message>
    <message>
        <source>No web search was made: {0} cannot search the web through Understudy.</source>
        <translation>未进行网页搜索：{0} 无法通过 Understudy 搜索网页。</translation>
    </message>
    <message>
        <source>The model&apos;s call of {0} is not complete: its arguments are not valid JSON.</source>
        <translation>模型对 {0} 的调用不完整：参数不是有效的 JSON。</translation>
    </message>
    <message>
        <source>The model&apos;s answer reached its output limit in the middle of a call of {0}.</source>
        <translation>模型的回答在调用 {0} 的途中达到了输出上限。</translation>
    </message>
    <message>
        <source>Ask for smaller steps, or choose a model with a higher output limit.</source>
        <translation>请把步骤分得更小，或选择输出上限更高的模型。</translation>
    </message>
    <message>
        <source>The provider&apos;s answer broke off before its end.</source>
        <translation>提供商的回答在结束前中断了。</translation>
    </message>
    <message>
        <source>The provider ended its answer with a fault ({0}).</source>
        <translation>提供商以错误结束了回答（{0}）。</translation>
    </message>
    <message>
        <source>The provider ended its answer before it began.</source>
        <translation>提供商的回答还没开始就结束了。</translation>
    </message>
    <message>
        <source>The provider said that the model calls a tool, and sent no call.</source>
        <translation>提供商说模型调用了工具，却没有发送任何调用。</translation>
    </message>
    <message>
        <source>The provider&apos;s answer cannot be read: it is not in the form of chat completions.</source>
        <translation>无法读取提供商的回答：它不是 chat completions 格式。</translation>
    </message>
    <message>
        <source>The answer had ended already.</source>
        <translation>回答早已结束。</translation>
    </message>
    <message>
        <source>{0} is not known to think: the request for thinking was left out.</source>
        <translation>不知道 {0} 能否思考：已省去思考请求。</translation>
    </message>
    <message>
        <source>The provider has no setting for thinking: the request for it was left out.</source>
        <translation>提供商没有思考设置：已省去思考请求。</translation>
    </message>
    <message>
        <source>The tool {0} runs at Anthropic ({1}) and was left out.</source>
        <translation>工具 {0} 在 Anthropic 运行（{1}），已省去。</translation>
    </message>
    <message>
        <source>The tool that was asked for ({0}) is not offered; the choice was left open.</source>
        <translation>要求使用的工具（{0}）不在所给工具之中；改为任选。</translation>
    </message>
    <message>
        <source>A tool result without its call was sent as text.</source>
        <translation>一个没有对应调用的工具结果已作为文本发送。</translation>
    </message>
    <message>
        <source>A call of {0} has no result; the model was told that it was interrupted.</source>
        <translation>{0} 的一次调用没有结果；已告知模型它被中断。</translation>
    </message>
    <message>
        <source>Thinking of earlier turns was left out: the provider does not take it back.</source>
        <translation>省去了先前轮次的思考：提供商不接收。</translation>
    </message>
    <message>
        <source>Encrypted thinking of earlier turns was left out.</source>
        <translation>省去了先前轮次的加密思考。</translation>
    </message>
    <message>
        <source>A block of the type {0} in an earlier answer was left out.</source>
        <translation>省去了先前回答中一个 {0} 类型的块。</translation>
    </message>
    <message>
        <source>The settings&apos; host is {0}, which other machines can reach, and access from the LAN is off: the proxy listens on {1}.</source>
        <translation>设置中的主机是 {0}，其他机器可以连到，而局域网访问已关闭：代理监听 {1}。</translation>
    </message>
    <message>
        <source>{0} is {1}, which other machines can reach, and access from the LAN is off: the proxy listens on {2}.</source>
        <translation>{0} 是 {1}，其他机器可以连到，而局域网访问已关闭：代理监听 {2}。</translation>
    </message>
    <message>
        <source>To open it, set lan = true under [proxy] in the settings, or {0}=1.</source>
        <translation>若要开放，请在设置的 [proxy] 下写 lan = true，或设 {0}=1。</translation>
    </message>
    <message>
        <source>{0} in .env is not used: it counts only in the process&apos;s environment.</source>
        <translation>未采用 .env 中的 {0}：它只在进程环境中有效。</translation>
    </message>
    <message>
        <source>{0} is not used: {1} is anthropic.</source>
        <translation>未采用 {0}：{1} 是 anthropic。</translation>
    </message>
    <message>
        <source>{0} is {1}; it has to be a model&apos;s name, or {2}.</source>
        <translation>{0} 是 {1}；必须是模型名称或 {2}。</translation>
    </message>
    <message>
        <source>{0} is {1}; it has to be one of openai, google, anthropic, or not set.</source>
        <translation>{0} 是 {1}；必须是 openai、google、anthropic 之一，或不设。</translation>
    </message>
    <message>
        <source>{0} is not an http or https address without a user name or password.</source>
        <translation>{0} 不是不含用户名和密码的 http 或 https 地址。</translation>
    </message>
    <message>
        <source>{0} is {1}; it has to be a port from 0 to 65535.</source>
        <translation>{0} 是 {1}；必须是 0 到 65535 的端口。</translation>
    </message>
    <message>
        <source>{0} is {1}; it has to be 1 or 0.</source>
        <translation>{0} 是 {1}；必须是 1 或 0。</translation>
    </message>
    <message>
        <source>{0} cannot be read: {1}.</source>
        <translation>无法读取 {0}：{1}。</translation>
    </message>
    <message>
        <source>There is no keyring to keep keys in.</source>
        <translation>没有可以存放密钥的密钥环。</translation>
    </message>
    <message>
        <source>On Linux a Secret Service is needed (GNOME Keyring, KWallet or KeePassXC) and a session bus; without them set the key in the environment.</source>
        <translation>在 Linux 上需要 Secret Service（GNOME Keyring、KWallet 或 KeePassXC）和会话总线；没有时请把密钥设在环境变量中。</translation>
    </message>
    <message>
        <source>The keyring is locked.</source>
        <translation>密钥环已锁定。</translation>
    </message>
    <message>
        <source>Unlock it (on most desktops: log in again, or open its passwords app).</source>
        <translation>请解锁（在多数桌面上：重新登录，或打开其密码应用）。</translation>
    </message>
    <message>
        <source>The keyring is locked or does not answer.</source>
        <translation>密钥环已锁定或没有响应。</translation>
    </message>
    <message>
        <source>Unlock it, and try again.</source>
        <translation>请解锁后重试。</translation>
    </message>
    <message>
        <source>The keyring cannot be reached.</source>
        <translation>无法连接密钥环。</translation>
    </message>
    <message>
        <source>Check that GNOME Keyring, KWallet or KeePassXC runs, and try again.</source>
        <translation>请确认 GNOME Keyring、KWallet 或 KeePassXC 正在运行，然后重试。</translation>
    </message>
    <message>
        <source>The keyring failed ({0}).</source>
        <translation>密钥环出错（{0}）。</translation>
    </message>
    <message>
        <source>The keyring did not keep the new token.</source>
        <translation>密钥环没有保存新令牌。</translation>
    </message>
    <message>
        <source>The keyring library is set to {0}.{1}, which is not the system&apos;s keyring.</source>
        <translation>密钥环库被设为 {0}.{1}，那不是系统的密钥环。</translation>
    </message>
    <message>
        <source>Keys are not kept in files: remove that setting (PYTHON_KEYRING_BACKEND, keyringrc.cfg) or install a Secret Service.</source>
        <translation>密钥不存放在文件中：请去掉该设置（PYTHON_KEYRING_BACKEND、keyringrc.cfg），或安装 Secret Service。</translation>
    </message>
    <message>
        <source>The keyring did not do what it was asked ({0}).</source>
        <translation>密钥环未按要求执行（{0}）。</translation>
    </message>
    <message>
        <source>The settings file {0} is being changed by another process.</source>
        <translation>设置文件 {0} 正在被另一个进程修改。</translation>
    </message>
    <message>
        <source>Try again.</source>
        <translation>请重试。</translation>
    </message>
    <message>
        <source>The local token is kept in memory and changes with the next start.</source>
        <translation>本地令牌存放在内存中，下次启动时会改变。</translation>
    </message>
    <message>
        <source>The base URL comes from a .env file, so only a key in the same file is sent there: put the key beside it, or set the base URL in the environment or in the settings.</source>
        <translation>基础网址 来自 .env 文件，因此只有同一文件中的密钥才会发送到那里：请将密钥写在旁边，或在环境变量或设置中指定基础网址。</translation>
    </message>
    <message>
        <source>{0} is reached at {1}, as {2} says: only a key in the same .env is sent there.</source>
        <translation>{0} 的地址是 {1}（由 {2} 指定）：只有同一 .env 中的密钥才会发送到那里。</translation>
    </message>
    <message>
        <source>{0} is too short to be safe: it needs at least {1} characters.</source>
        <translation>{0} 太短，不安全：至少需要 {1} 个字符。</translation>
    </message>
    <message>
        <source>Set a longer one, or unset it, and Understudy makes its own.</source>
        <translation>请设置更长的值；或取消设置，由 Understudy 自行生成。</translation>
    </message>
    <message>
        <source>{0} is not read: it is larger than {1} KB.</source>
        <translation>未读取 {0}：它大于 {1} KB。</translation>
    </message>
    <message>
        <source>{0} is empty.</source>
        <translation>{0}为空。</translation>
    </message>
    <message>
        <source>{0} holds characters that no key has (a blank, a line break, a letter with an accent).</source>
        <translation>{0}含有密钥中不会有的字符（空格、换行、带重音的字母）。</translation>
    </message>
    <message>
        <source>The keyring did not keep it.</source>
        <translation>密钥环没有保存它。</translation>
    </message>
    <message>
        <source>{0} holds a placeholder, not a key.</source>
        <translation>{0} 中是占位符，不是密钥。</translation>
    </message>
    <message>
        <source>{0} sets the token outside of Understudy: change it there.</source>
        <translation>{0} 在 Understudy 之外设定了令牌：请在那里更改。</translation>
    </message>
    <message>
        <source>The settings file {0} is broken ({1}).</source>
        <translation>设置文件 {0} 已损坏（{1}）。</translation>
    </message>
    <message>
        <source>It is kept as {0}.</source>
        <translation>它已另存为 {0}。</translation>
    </message>
    <message>
        <source>The settings file {0} is gone; the settings stay as they were.</source>
        <translation>设置文件 {0} 不见了；设置保持不变。</translation>
    </message>
    <message>
        <source>The settings file {0} is broken ({1}); the settings stay as they were.</source>
        <translation>设置文件 {0} 已损坏（{1}）；设置保持不变。</translation>
    </message>
    <message>
        <source>The settings file {0} cannot hold these settings; nothing was written.</source>
        <translation>设置文件 {0} 无法容纳这些设置；什么也没有写入。</translation>
    </message>
    <message>
        <source>The settings could not be written to {0}: {1}.</source>
        <translation>设置无法写入 {0}：{1}。</translation>
    </message>
    <message>
        <source>The settings file {0} cannot be read: {1}.</source>
        <translation>无法读取设置文件 {0}：{1}。</translation>
    </message>
    <message>
        <source>The settings file {0} is broken ({1}) and cannot be set aside: {2}.</source>
        <translation>设置文件 {0} 已损坏（{1}），且无法移开：{2}。</translation>
    </message>
    <message>
        <source>Mend it or move it away.</source>
        <translation>请修复或移走它。</translation>
    </message>
    <message>
        <source>The last good settings are used.</source>
        <translation>使用上一份完好的设置。</translation>
    </message>
    <message>
        <source>The defaults are used.</source>
        <translation>使用默认设置。</translation>
    </message>
    <message>
        <source>No copy of the settings could be kept at {0}: {1}.</source>
        <translation>无法在 {0} 保留设置的副本：{1}。</translation>
    </message>
    <message>
        <source>[{0}] should be a table; it is left out.</source>
        <translation>[{0}] 应该是一个表；已略过。</translation>
    </message>
    <message>
        <source>version = {0} is not a number; the file is read as version {1}.</source>
        <translation>version = {0} 不是数字；按版本 {1} 读取此文件。</translation>
    </message>
    <message>
        <source>profile = {0} names no profile; the default models are used.</source>
        <translation>profile = {0} 不是任何配置档的名称；使用默认模型。</translation>
    </message>
    <message>
        <source>The settings were written by a newer Understudy (version {0}; this one knows {1}).</source>
        <translation>设置由更新的 Understudy 写成（版本 {0}；当前支持 {1}）。</translation>
    </message>
    <message>
        <source>What is understood is used, the rest is kept in the file.</source>
        <translation>能读懂的会采用，其余保留在文件中。</translation>
    </message>
    <message>
        <source>[providers.{0}] is left out: a provider&apos;s id is made of small letters, digits, &apos;-&apos;, &apos;_&apos; and &apos;.&apos;, and is none of {1}.</source>
        <translation>略过了 [providers.{0}]：提供商的 id 由小写字母、数字、“-”、“_”和“.”组成，且不能是 {1}。</translation>
    </message>
    <message>
        <source>{0} = {1} is not {2}; {3}.</source>
        <translation>{0} = {1} 不是{2}；{3}。</translation>
    </message>
    <message>
        <source>A profile needs a name.</source>
        <translation>配置档需要名称。</translation>
    </message>
    <message>
        <source>There is a profile called {0} already.</source>
        <translation>已有名为 {0} 的配置档。</translation>
    </message>
    <message>
        <source>There is no profile called {0}; there are: {1}.</source>
        <translation>没有名为 {0} 的配置档；现有：{1}。</translation>
    </message>
    <message>
        <source>{0} sets this outside of Understudy: change it there, or take it away.</source>
        <translation>{0} 在 Understudy 之外设定了此项：请在那里更改或去掉。</translation>
    </message>
    <message>
        <source>{0} is not a model: write provider/name, or {1}.</source>
        <translation>{0} 不是模型：请写“提供商/名称”或 {1}。</translation>
    </message>
    <message>
        <source>{0} has several lines, which cmd cannot hold.</source>
        <translation>{0} 有多行，cmd 无法容纳。</translation>
    </message>
    <message>
        <source>Copy the command for PowerShell.</source>
        <translation>请复制用于 PowerShell 的命令。</translation>
    </message>
    <message>
        <source>The script for the terminal could not be written: {0}.</source>
        <translation>无法写入终端脚本：{0}。</translation>
    </message>
    <message>
        <source>The folder&apos;s name has characters that a script cannot hold.</source>
        <translation>文件夹名称含有脚本无法使用的字符。</translation>
    </message>
    <message>
        <source>Rename the folder.</source>
        <translation>请重命名该文件夹。</translation>
    </message>
    <message>
        <source>{0} sets {1} and {2} in its env block, so the proxy&apos;s token is not sent: take one of them out.</source>
        <translation>{0} 在其 env 块中设了 {1} 和 {2}，因此不会发送代理的令牌：请去掉其中一个。</translation>
    </message>
    <message>
        <source>{0} sets apiKeyHelper: its key is sent to this proxy, which does not pass it on unless a role is passthrough.</source>
        <translation>{0} 设了 apiKeyHelper：其密钥会发送到此代理；除非有角色为直通，代理不会转发它。</translation>
    </message>
    <message>
        <source>{0} sets {1} without 127.0.0.1 in its env block, and an administrator&apos;s settings outrank a launch: requests to this proxy could go through another one.</source>
        <translation>{0} 在其 env 块中设了不含 127.0.0.1 的 {1}，而管理员的设置优先于启动设置：发往此代理的请求可能会走另一个代理。</translation>
    </message>
    <message>
        <source>Ask the administrator to add 127.0.0.1.</source>
        <translation>请让管理员加入 127.0.0.1。</translation>
    </message>
    <message>
        <source>{0} sets {1} in its env block: the session could go there instead of to this proxy.</source>
        <translation>{0} 在其 env 块中设了 {1}：会话可能会连到那里，而不是此代理。</translation>
    </message>
    <message>
        <source>Take that line out.</source>
        <translation>请去掉那一行。</translation>
    </message>
    <message>
        <source>{0} has &quot;model&quot;: &quot;{1}&quot; (saved by /model): Claude Code without Understudy would not find it.</source>
        <translation>{0} 中有 &quot;model&quot;: &quot;{1}&quot;（由 /model 保存）：没有 Understudy 的 Claude Code 找不到它。</translation>
    </message>
    <message>
        <source>Take that line out, or choose another with /model there.</source>
        <translation>请删除该行，或在那里用 /model 另选。</translation>
    </message>
    <message>
        <source>{0} lists the models that may be used: {1}/big may be refused.</source>
        <translation>{0} 列出了允许使用的模型：{1}/big 可能会被拒绝。</translation>
    </message>
    <message>
        <source>{0} cannot be read: Claude Code may ignore it, or not start.</source>
        <translation>无法读取 {0}：Claude Code 可能会忽略它，或无法启动。</translation>
    </message>
    <message>
        <source>{0} sets {1} in its env block: the session sends it to this proxy, which does not pass it on unless a role is passthrough.</source>
        <translation>{0} 在其 env 块中设了 {1}：会话会把它发送到此代理；除非有角色为直通，代理不会转发它。</translation>
    </message>
    <message>
        <source>{0} sets {1} in its env block, and an administrator&apos;s settings outrank a launch.</source>
        <translation>{0} 在其 env 块中设了 {1}，而管理员的设置优先于启动设置。</translation>
    </message>
    <message>
        <source>{0} sets {1} in its env block, and an administrator&apos;s settings outrank a launch: the session would not reach this proxy.</source>
        <translation>{0} 在其 env 块中设了 {1}，而管理员的设置优先于启动设置：会话将连不到此代理。</translation>
    </message>
    <message>
        <source>No terminal was found.</source>
        <translation>找不到终端。</translation>
    </message>
    <message>
        <source>Name one under Settings → Terminal, or run in one: understudy claude</source>
        <translation>请在设置 → 终端中指定，或在终端中运行：understudy claude</translation>
    </message>
    <message>
        <source>There is no screen here to open a terminal on.</source>
        <translation>这里没有可以打开终端的屏幕。</translation>
    </message>
    <message>
        <source>In a terminal, run: understudy claude</source>
        <translation>请在终端中运行：understudy claude</translation>
    </message>
    <message>
        <source>The folder {0} is not there any more.</source>
        <translation>文件夹 {0} 已不存在。</translation>
    </message>
    <message>
        <source>Choose another.</source>
        <translation>请另选一个。</translation>
    </message>
    <message>
        <source>{0} is not installed here.</source>
        <translation>此处未安装 {0}。</translation>
    </message>
    <message>
        <source>{0} did not start: {1}.</source>
        <translation>{0} 未能启动：{1}。</translation>
    </message>
    <message>
        <source>The terminal&apos;s command cannot be read: {0}.</source>
        <translation>无法读懂终端命令：{0}。</translation>
    </message>
    <message>
        <source>Look at Settings → Terminal.</source>
        <translation>请查看设置 → 终端。</translation>
    </message>
    <message>
        <source>No terminal could be opened.</source>
        <translation>无法打开任何终端。</translation>
    </message>
    <message>
        <source>The log at {0} was written by a newer version of Understudy.</source>
        <translation>位于 {0} 的日志由更新版本的 Understudy 写入。</translation>
    </message>
    <message>
        <source>{0} is a database of another program, not Understudy&apos;s log.</source>
        <translation>{0} 是其他程序的数据库，不是 Understudy 的日志。</translation>
    </message>
    <message>
        <source>Move it away.</source>
        <translation>请将它移走。</translation>
    </message>
    <message>
        <source>Update Understudy to use it.</source>
        <translation>请更新 Understudy 后再使用。</translation>
    </message>
    <message>
        <source>Set ANTHROPIC_BASE_URL by hand.</source>
        <translation>请手动设置 ANTHROPIC_BASE_URL。</translation>
    </message>
    <message>
        <source>Other commands cannot find this proxy: {0} could not be written ({1}).</source>
        <translation>其他命令找不到此代理：无法写入 {0}（{1}）。</translation>
    </message>
    <message>
        <source>The ledger at {0} cannot be read: {1}.</source>
        <translation>无法读取 {0} 处的账本：{1}。</translation>
    </message>
    <message>
        <source>The next Understudy that runs sets it aside and begins a new one.</source>
        <translation>下次运行的 Understudy 会把它移开并新建一个。</translation>
    </message>
    <message>
        <source>The ledger was not wiped.</source>
        <translation>账本没有清空。</translation>
    </message>
    <message>
        <source>The ledger was not wiped whole: {0}.</source>
        <translation>账本没有全部清空：{0}。</translation>
    </message>
    <message>
        <source>The damaged ledger cannot be deleted: {0}</source>
        <translation>无法删除损坏的账本：{0}</translation>
    </message>
    <message>
        <source>The ledger has stopped through a fault of Understudy&apos;s own.</source>
        <translation>账本因 Understudy 自身的错误而停止。</translation>
    </message>
    <message>
        <source>The ledger was damaged.</source>
        <translation>账本已损坏。</translation>
    </message>
    <message>
        <source>It was set aside as {0}, and a new one was begun.</source>
        <translation>它已移至 {0}，并新建了一个。</translation>
    </message>
    <message>
        <source>The ledger at {0} cannot be written: {1}.</source>
        <translation>无法写入 {0} 处的账本：{1}。</translation>
    </message>
    <message>
        <source>The ledger at {0} is damaged and cannot be set aside: {1}.</source>
        <translation>{0} 处的账本已损坏，且无法移开：{1}。</translation>
    </message>
    <message>
        <source>Port {0} on {1} cannot be used: {2}.</source>
        <translation>无法使用 {1} 上的端口 {0}：{2}。</translation>
    </message>
    <message>
        <source>Port {0} may be used by the administrator only: choose one above 1023 with --port.</source>
        <translation>端口 {0} 只有管理员可以使用：请用 --port 选择 1023 以上的端口。</translation>
    </message>
    <message>
        <source>{0} is not an address of this machine: choose another with --host.</source>
        <translation>{0} 不是本机的地址：请用 --host 另选。</translation>
    </message>
    <message>
        <source>Port {0} on {1} is taken by {2}: stop it, or {3}.</source>
        <translation>{1} 上的端口 {0} 被{2}占用：请停止它，或{3}。</translation>
    </message>
    <message>
        <source>The proxy answers on {0}.</source>
        <translation>代理在 {0} 应答。</translation>
    </message>
    <message>
        <source>The proxy stops when the answers under way have ended.</source>
        <translation>进行中的回答结束后，代理就会停止。</translation>
    </message>
    <message>
        <source>The proxy starts on {0}.</source>
        <translation>代理正在 {0} 启动。</translation>
    </message>
    <message>
        <source>The proxy has stopped.</source>
        <translation>代理已停止。</translation>
    </message>
    <message>
        <source>The proxy failed: {0}.</source>
        <translation>代理出错：{0}。</translation>
    </message>
    <message>
        <source>The proxy stopped by itself ({0}) and starts again.</source>
        <translation>代理自行停止（{0}），正在重新启动。</translation>
    </message>
    <message>
        <source>A fault of Understudy&apos;s own: {0}</source>
        <translation>Understudy 自身的错误：{0}</translation>
    </message>
    <message>
        <source>That failed through a fault of Understudy&apos;s own; a report of it was kept.</source>
        <translation>因 Understudy 自身的错误而失败；已保留报告。</translation>
    </message>
    <message>
        <source>The answer about the newest version is not what it should be.</source>
        <translation>关于最新版本的回应不符合预期。</translation>
    </message>
    <message>
        <source>The answer about the newest version could not be understood: {0}.</source>
        <translation>无法理解关于最新版本的回应：{0}。</translation>
    </message>
    <message>
        <source>The answer about the newest version is not JSON.</source>
        <translation>关于最新版本的回应不是 JSON。</translation>
    </message>
    <message>
        <source>The project&apos;s page answered with {0} when asked for the newest version.</source>
        <translation>查询最新版本时，项目页面回应了 {0}。</translation>
    </message>
    <message>
        <source>The project&apos;s page could not be asked for the newest version: {0}.</source>
        <translation>无法向项目页面查询最新版本：{0}。</translation>
    </message>
    <message>
        <source>The proxy&apos;s answer is not one of its own.</source>
        <translation>代理的回答不是它自己的。</translation>
    </message>
    <message>
        <source>The answer broke off before its end.</source>
        <translation>回答在结束前中断了。</translation>
    </message>
    <message>
        <source>The proxy did not answer ({0}).</source>
        <translation>代理没有应答（{0}）。</translation>
    </message>
    <message>
        <source>The answer is empty.</source>
        <translation>回答是空的。</translation>
    </message>
    <message>
        <source>It answers.</source>
        <translation>能回答。</translation>
    </message>
    <message>
        <source>It comes in {0} pieces over {1} s.</source>
        <translation>回答在 {1} 秒内分 {0} 段到达。</translation>
    </message>
    <message>
        <source>The whole answer came at once.</source>
        <translation>整个回答一次到达。</translation>
    </message>
    <message>
        <source>Nothing has to be done; nothing is seen of an answer until it is complete.</source>
        <translation>无需处理；只是回答完整之前什么也看不到。</translation>
    </message>
    <message>
        <source>The catalogue says that it cannot use tools.</source>
        <translation>目录中说它不能使用工具。</translation>
    </message>
    <message>
        <source>Claude Code does its work with tools: choose another model for this role.</source>
        <translation>Claude Code 靠工具工作：请为此角色另选模型。</translation>
    </message>
    <message>
        <source>It calls a tool with what was asked for.</source>
        <translation>能按要求调用工具。</translation>
    </message>
    <message>
        <source>It does not let itself be forced to.</source>
        <translation>但无法强制它调用。</translation>
    </message>
    <message>
        <source>It called no tool, though it was told to.</source>
        <translation>被要求调用工具，却没有调用。</translation>
    </message>
    <message>
        <source>It called a tool with something else than it was told.</source>
        <translation>调用了工具，但内容与要求不符。</translation>
    </message>
    <message>
        <source>Choose a model that is made for tools.</source>
        <translation>请选择为工具而设的模型。</translation>
    </message>
    <message>
        <source>It cannot see: pictures are left out of what is sent to it.</source>
        <translation>看不了图片：发送给它的内容会省去图片。</translation>
    </message>
    <message>
        <source>It sees that a square is {0}.</source>
        <translation>能看出方块是{0}的。</translation>
    </message>
    <message>
        <source>It took a {0} square for {1}.</source>
        <translation>把{0}的方块看成了{1}。</translation>
    </message>
    <message>
        <source>For pictures, set the role VISION to a model that sees.</source>
        <translation>如需图片，请把 VISION 角色设为能看图的模型。</translation>
    </message>
    <message>
        <source>`understudy models` shows what your key reaches.</source>
        <translation>`understudy models` 会显示你的密钥可用的模型。</translation>
    </message>
    <message>
        <source>Add credit at the provider.</source>
        <translation>请在提供商处充值。</translation>
    </message>
    <message>
        <source>Wait, or choose a plan with higher limits.</source>
        <translation>请稍候，或选择限额更高的套餐。</translation>
    </message>
    <message>
        <source>`understudy log` shows the request; `understudy doctor` looks at the rest.</source>
        <translation>`understudy log` 显示此请求；`understudy doctor` 检查其余部分。</translation>
    </message>
    <message>
        <source>More than one request begins with {0}: write more of its id.</source>
        <translation>以 {0} 开头的请求不止一个：请多写几位 id。</translation>
    </message>
    <message>
        <source>There is no request {0} in the ledger.</source>
        <translation>账本中没有请求 {0}。</translation>
    </message>
    <message>
        <source>`understudy log` shows those there are.</source>
        <translation>`understudy log` 会显示现有的请求。</translation>
    </message>
    <message>
        <source>{0} is not a model with its provider.</source>
        <translation>{0} 不是带提供商的模型。</translation>
    </message>
    <message>
        <source>Write it as in openai/gpt-4.1.</source>
        <translation>请写成 openai/gpt-4.1 这样。</translation>
    </message>
    <message>
        <source>{0}/{1} answered: {2}.</source>
        <translation>{0}/{1} 作了回答：{2}。</translation>
    </message>
    <message>
        <source>{0} was no question to a model, but {1}.</source>
        <translation>{0} 不是对模型的提问，而是 {1}。</translation>
    </message>
    <message>
        <source>The body of {0} is not kept (any more), so it cannot be sent again.</source>
        <translation>{0} 的正文没有保留（或已删除），因此无法再次发送。</translation>
    </message>
    <message>
        <source>For how long bodies are kept stands in Understudy → Settings → Log and budget.</source>
        <translation>正文保留多久，见 Understudy → 设置 → 日志与预算。</translation>
    </message>
    <message>
        <source>Only the beginning of the body of {0} was kept, so it cannot be sent again.</source>
        <translation>{0} 的正文只保留了开头，因此无法再次发送。</translation>
    </message>
    <message>
        <source>The body of {0} is not a request that can be read.</source>
        <translation>{0} 的正文不是可以读懂的请求。</translation>
    </message>
    <message>
        <source>{0} taken out of the request before it was kept: this time the model did not see it all.</source>
        <translation>保留请求前去掉了{0}：这次模型没有看到全部内容。</translation>
    </message>
    <message>
        <source>The answer is not one that can be read.</source>
        <translation>这个回答无法读懂。</translation>
    </message>
</context>
<context>
    <name>SearchField</name>
    <message>
        <source>Clear the search</source>
        <translation>清除搜索</translation>
    </message>
</context>
<context>
    <name>SecretField</name>
    <message>
        <source>Show what is typed</source>
        <translation>显示输入内容</translation>
    </message>
    <message>
        <source>Hide what is typed</source>
        <translation>隐藏输入内容</translation>
    </message>
</context>
<context>
    <name>SessionsPage</name>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Profile</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>Latest</source>
        <translation>最近</translation>
    </message>
    <message>
        <source>Lasted</source>
        <translation>持续</translation>
    </message>
    <message>
        <source>Agents</source>
        <translation>代理</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>Spend</source>
        <translation>花费</translation>
    </message>
    <message>
        <source>Sessions, latest first; press one to see its requests</source>
        <translation>会话，最近在前；按下可查看其请求</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>实时</translation>
    </message>
    <message>
        <source>No sessions yet</source>
        <translation>还没有会话</translation>
    </message>
    <message>
        <source>Each run of Claude Code through Understudy is a session; it shows up with its first request.</source>
        <translation>每次通过 Understudy 运行 Claude Code 就是一个会话；有了第一个请求就会显示。</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>1 session</source>
        <translation>1 个会话</translation>
    </message>
    <message>
        <source>{0} sessions</source>
        <translation>{0} 个会话</translation>
    </message>
    <message>
        <source>{0} live</source>
        <translation>{0} 个活跃</translation>
    </message>
    <message>
        <source>No project</source>
        <translation>无项目</translation>
    </message>
</context>
<context>
    <name>SettingsWindow</name>
    <message>
        <source>Understudy settings</source>
        <translation>Understudy 设置</translation>
    </message>
    <message>
        <source>This page has its default settings.</source>
        <translation>此页已是默认设置。</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Models and keys</source>
        <translation>模型与密钥</translation>
    </message>
    <message>
        <source>Profiles</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>General</source>
        <translation>通用</translation>
    </message>
    <message>
        <source>Proxy</source>
        <translation>代理</translation>
    </message>
    <message>
        <source>Log and budget</source>
        <translation>日志与预算</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>终端</translation>
    </message>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
    <message>
        <source>Pages of the settings</source>
        <translation>设置页面</translation>
    </message>
    <message>
        <source>Restore defaults…</source>
        <translation>恢复默认…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>Sidebar</name>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>Usage</source>
        <translation>用量</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>Stop the proxy</source>
        <translation>停止代理</translation>
    </message>
    <message>
        <source>Start the proxy</source>
        <translation>启动代理</translation>
    </message>
    <message>
        <source>Profile: {0}</source>
        <translation>配置档：{0}</translation>
    </message>
    <message>
        <source>Open to all</source>
        <translation>对所有人开放</translation>
    </message>
    <message>
        <source>On the network</source>
        <translation>网络可访问</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>选择文件夹</translation>
    </message>
    <message>
        <source>Understudy</source>
        <translation>Understudy</translation>
    </message>
    <message>
        <source>Copy the address</source>
        <translation>复制地址</translation>
    </message>
    <message>
        <source>The profile in force; press to switch</source>
        <translation>当前配置档；按下可切换</translation>
    </message>
    <message>
        <source>Project folder</source>
        <translation>项目文件夹</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>Opens your terminal in the project folder (Ctrl+L)</source>
        <translation>在项目文件夹中打开你的终端（Ctrl+L）</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>正在启动</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>正在停止</translation>
    </message>
    <message>
        <source>Port taken</source>
        <translation>端口被占用</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Profiles…</source>
        <translation>配置档…</translation>
    </message>
    <message>
        <source>Choose another…</source>
        <translation>选择其他…</translation>
    </message>
</context>
<context>
    <name>Spend</name>
    <message>
        <source>{0} + unpriced</source>
        <translation>{0} + 无价格部分</translation>
    </message>
    <message>
        <source>Not billed</source>
        <translation>未计费</translation>
    </message>
    <message>
        <source>Your model has no price: the limit can&apos;t see it.</source>
        <translation>你的模型没有价格：上限无法计入它。</translation>
    </message>
    <message>
        <source>1 of your {0} models has no price: the limit can&apos;t see it.</source>
        <translation>你的 {0} 个模型中有 1 个没有价格：上限无法计入它。</translation>
    </message>
    <message>
        <source>{0} of your {1} models have no price: the limit can&apos;t see them.</source>
        <translation>你的 {1} 个模型中有 {0} 个没有价格：上限无法计入它们。</translation>
    </message>
</context>
<context>
    <name>SwitchField</name>
    <message>
        <source>on</source>
        <translation>开</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关</translation>
    </message>
</context>
<context>
    <name>TerminalPage</name>
    <message>
        <source>Terminal</source>
        <translation>终端</translation>
    </message>
    <message>
        <source>Claude Code is launched in your own terminal. Nothing is written into its settings.</source>
        <translation>Claude Code 在你自己的终端中启动。不会改动它的设置。</translation>
    </message>
    <message>
        <source>Launch</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Own command</source>
        <translation>自定义命令</translation>
    </message>
    <message>
        <source>Comes first, if set. {script} is what to run, {folder} where.</source>
        <translation>设置后优先使用。{script} 是要运行的内容，{folder} 是位置。</translation>
    </message>
    <message>
        <source>The first one found: {0}</source>
        <translation>找到的第一个：{0}</translation>
    </message>
    <message>
        <source>None was found</source>
        <translation>没有找到</translation>
    </message>
    <message>
        <source>{0} (not found)</source>
        <translation>{0}（未找到）</translation>
    </message>
    <message>
        <source>Installed</source>
        <translation>已安装</translation>
    </message>
    <message>
        <source>Not installed</source>
        <translation>未安装</translation>
    </message>
    <message>
        <source>Being looked for…</source>
        <translation>正在查找…</translation>
    </message>
    <message>
        <source>Claude Code</source>
        <translation>Claude Code</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy the command that installs Claude Code</source>
        <translation>复制安装 Claude Code 的命令</translation>
    </message>
    <message>
        <source>Understudy launches the “claude” command that you have.</source>
        <translation>Understudy 启动你已有的 “claude” 命令。</translation>
    </message>
    <message>
        <source>Copy command</source>
        <translation>复制命令</translation>
    </message>
    <message>
        <source>The same launch for another shell or an IDE. A token is part of it: whoever has it gets in.</source>
        <translation>在其他 shell 或 IDE 中做同样的启动。其中含有令牌：持有者即可进入。</translation>
    </message>
    <message>
        <source>Copy the command for {0}</source>
        <translation>复制 {0} 的命令</translation>
    </message>
</context>
<context>
    <name>TextField</name>
    <message>
        <source>empty</source>
        <translation>空</translation>
    </message>
</context>
<context>
    <name>TimePanel</name>
    <message>
        <source>Timing</source>
        <translation>时间</translation>
    </message>
</context>
<context>
    <name>TodayCards</name>
    <message>
        <source>Spend today</source>
        <translation>今日花费</translation>
    </message>
    <message>
        <source>Requests today</source>
        <translation>今日请求</translation>
    </message>
    <message>
        <source>Time to first token</source>
        <translation>首词元时间</translation>
    </message>
    <message>
        <source>Spend by hour</source>
        <translation>每小时花费</translation>
    </message>
    <message>
        <source>Requests by hour</source>
        <translation>每小时请求</translation>
    </message>
    <message>
        <source>median, last hour</source>
        <translation>最近一小时中位数</translation>
    </message>
    <message>
        <source>none in the last hour</source>
        <translation>最近一小时没有</translation>
    </message>
    <message>
        <source>Time to first token by hour</source>
        <translation>每小时首词元时间</translation>
    </message>
    <message>
        <source>of {0} daily limit</source>
        <translation>每日上限 {0}</translation>
    </message>
    <message>
        <source>priced {0} of {1}</source>
        <translation>已计价 {0} / {1}</translation>
    </message>
    <message>
        <source>no daily limit</source>
        <translation>没有每日上限</translation>
    </message>
    <message>
        <source>{0} failed</source>
        <translation>{0} 个失败</translation>
    </message>
    <message>
        <source>{0} retried</source>
        <translation>{0} 个重试</translation>
    </message>
    <message>
        <source>none failed</source>
        <translation>没有失败</translation>
    </message>
</context>
<context>
    <name>TokenPanel</name>
    <message>
        <source>Tokens</source>
        <translation>词元</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Profiles</source>
        <translation>配置档</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>Open Understudy</source>
        <translation>打开 Understudy</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Start on port {0}</source>
        <translation>在端口 {0} 上启动</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>启动</translation>
    </message>
    <message>
        <source>Last error: {0}</source>
        <translation>最近错误：{0}</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>Launch Claude Code in</source>
        <translation>在此启动 Claude Code</translation>
    </message>
    <message>
        <source>Running on {0}</source>
        <translation>运行于 {0}</translation>
    </message>
    <message>
        <source>Starting on {0}…</source>
        <translation>正在 {0} 上启动…</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Today: {0}</source>
        <translation>今天：{0}</translation>
    </message>
    <message>
        <source>Today: {0}, {1}</source>
        <translation>今天：{0}，{1}</translation>
    </message>
</context>
<context>
    <name>Usage</name>
    <message>
        <source>Others</source>
        <translation>其他</translation>
    </message>
    <message>
        <source>Not told</source>
        <translation>未说明</translation>
    </message>
    <message>
        <source>nothing spent</source>
        <translation>没有花费</translation>
    </message>
    <message>
        <source>priced {0} of {1}</source>
        <translation>已计价 {0} / {1}</translation>
    </message>
    <message>
        <source>all priced</source>
        <translation>全部已计价</translation>
    </message>
    <message>
        <source>estimated</source>
        <translation>估算</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} / {1}</translation>
    </message>
    <message>
        <source>{0}, no limit</source>
        <translation>{0}，不限</translation>
    </message>
</context>
<context>
    <name>UsageCards</name>
    <message>
        <source>Spend</source>
        <translation>花费</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>From cache</source>
        <translation>来自缓存</translation>
    </message>
    <message>
        <source>First token</source>
        <translation>首词元</translation>
    </message>
    <message>
        <source>{0} failed</source>
        <translation>{0} 个失败</translation>
    </message>
    <message>
        <source>none failed</source>
        <translation>没有失败</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} 词元</translation>
    </message>
</context>
<context>
    <name>UsagePage</name>
    <message>
        <source>Nothing was used yet</source>
        <translation>还没有用量</translation>
    </message>
    <message>
        <source>Start Claude Code; what it spends is counted here, day by day.</source>
        <translation>启动 Claude Code；它的花费会在这里逐日统计。</translation>
    </message>
    <message>
        <source>Launch Claude Code</source>
        <translation>启动 Claude Code</translation>
    </message>
    <message>
        <source>As CSV…</source>
        <translation>导出为 CSV…</translation>
    </message>
    <message>
        <source>As JSON…</source>
        <translation>导出为 JSON…</translation>
    </message>
    <message>
        <source>Usage</source>
        <translation>用量</translation>
    </message>
    <message>
        <source>{0} days</source>
        <translation>{0} 天</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>Range</source>
        <translation>范围</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Spend</source>
        <translation>花费</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>What the bars show</source>
        <translation>柱形表示什么</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Projects</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Sessions</source>
        <translation>会话</translation>
    </message>
    <message>
        <source>What the bars are made of</source>
        <translation>柱形的组成</translation>
    </message>
    <message>
        <source>Usage per day</source>
        <translation>每日用量</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Cached</source>
        <translation>缓存</translation>
    </message>
    <message>
        <source>First</source>
        <translation>首词元</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>The largest, by spend; press one to see its requests</source>
        <translation>花费最多的；按下可查看其请求</translation>
    </message>
    <message>
        <source>Spend per day</source>
        <translation>每日花费</translation>
    </message>
    <message>
        <source>Tokens per day</source>
        <translation>每日词元</translation>
    </message>
    <message>
        <source>Export the requests</source>
        <translation>导出请求</translation>
    </message>
</context>
<context>
    <name>_SideCard</name>
    <message>
        <source>Running…</source>
        <translation>正在运行…</translation>
    </message>
    <message>
        <source>first token {0}</source>
        <translation>首词元 {0}</translation>
    </message>
    <message>
        <source>whole {0}</source>
        <translation>总计 {0}</translation>
    </message>
    <message>
        <source>{0} in, {1} out</source>
        <translation>输入 {0}，输出 {1}</translation>
    </message>
    <message>
        <source>unpriced</source>
        <translation>无价格</translation>
    </message>
    <message>
        <source>not billed</source>
        <translation>未计费</translation>
    </message>
</context>
</TS>
